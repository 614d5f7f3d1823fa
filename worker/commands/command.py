"""What all commands share."""

from __future__ import annotations

import os
from typing import Any, Final

import typer
from typer.core import TyperCommand

from worker.commands import variables
from worker.core.errors import UsageError

OTHER: Final = "Other options"


def application(**more: Any) -> typer.Typer:
    """A Typer application for a module's commands; only the whole program has completion."""
    return typer.Typer(add_completion=False, **more)


def refuse_unknown_variables(own: frozenset[str] = frozenset()) -> None:
    """Refuse RENDER_WORKER_ environment variables that no command reads.

    `own`: the variables of the command itself. Raises: UsageError.
    """
    if line := variables.unknown(os.environ, own):
        raise UsageError(line)


class Command(TyperCommand):
    """A command that first checks the environment for unknown variables."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Raises: UsageError for an unknown RENDER_WORKER_ variable."""
        refuse_unknown_variables(frozenset(str(each.envvar) for each in self.params))
        return super().invoke(ctx)

    def get_help_option(self, ctx: Any) -> Any:
        """The `--help` option, in a last panel if all other options are in panels."""
        option: Any = super().get_help_option(ctx)
        options = [each for each in self.params if each.param_type_name == "option"]
        if option is not None and all(getattr(each, "rich_help_panel", None) for each in options):
            option.rich_help_panel = OTHER
        return option
