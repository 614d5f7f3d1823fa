"""The table of commands, and the group that imports a command when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

RENDER: Final = "Render"
PREPARE: Final = "Prepare"
USE: Final = "Use the results"


class CommandRow(NamedTuple):
    """A command: its module in this package, one line of help, and its help panel."""

    module: str
    help: str
    panel: str


COMMANDS: Final = {
    "run": CommandRow("run", "Render the objects of a list, one zip each.", RENDER),
    "status": CommandRow("status", "Count the outcomes of a run or an export.", RENDER),
    "estimate": CommandRow(
        "estimate", "Estimate what a run takes, from a sample of its list.", RENDER
    ),
    "debug": CommandRow("debug", "Render one object and keep all that is left of it.", RENDER),
    "gallery": CommandRow("gallery", "Show an output in a browser, or as a contact sheet.", RENDER),
    "presets": CommandRow("presets", "List the presets, or show one.", PREPARE),
    "index": CommandRow("index", "Cut a list of objects into shards.", PREPARE),
    "fetch": CommandRow(
        "fetch", "Download the objects of a list, for runs without internet.", PREPARE
    ),
    "doctor": CommandRow("doctor", "Check whether a run would work on this node.", PREPARE),
    "warm": CommandRow("warm", "Compile the GPU kernels before the first run.", PREPARE),
    "export": CommandRow("export", "Make a data set of the finished zips.", USE),
    "omage-to-mesh": CommandRow("omage_to_mesh", "Turn an object image back into a mesh.", USE),
}
"""To add a command, add a row here and a module with an `app` to this package."""


def load(name: str) -> Any:
    """The command or group `name` with its options; imports its module."""
    row = COMMANDS[name]
    command = typer.main.get_command(importlib.import_module(f"worker.commands.{row.module}").app)
    command.name = name
    return command


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and group, by the words that a person types: "index build"."""
    for name in COMMANDS:
        command = load(name)
        yield name, command
        for inner, each in getattr(command, "commands", {}).items():
            yield f"{name} {inner}", each


def parameters() -> Iterator[tuple[str, Any]]:
    """Each argument and option of every command, with the command's words."""
    return ((words, parameter) for words, command in commands() for parameter in command.params)


class CommandGroup(TyperGroup):
    """All commands. Help and completion read the table; only the called command is imported."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, row in COMMANDS.items():
            self.add_command(TyperCommand(name, help=row.help, rich_help_panel=row.panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The name, the imported command and the remaining arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load(command.name or ""), rest
