"""docs/options.md: every option of every command with its default, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from worker.cli import app
from worker.commands import table
from worker.core.errors import OBJECT_ERRORS, ExitStatus

PAGE = (Path(__file__).parents[2] / "docs" / "options.md").read_text()
PROGRAM = "render-worker"
ROW = re.compile(r"^\| `(--[a-z0-9-]+)` \| ([^|]+) \| ", re.MULTILINE)
EVERYWHERE = {"--help", "-h"}
BY_RANKS = {"--rank": "RENDER_WORKER_RANK", "--world-size": "RENDER_WORKER_WORLD_SIZE"}
"""Read by `worker.core.ranks`, not by the command line."""


COMMANDS = {PROGRAM: typer.main.get_command(app), **dict(table.commands())}


def options(command: Any) -> dict[str, Any]:
    return {
        name: parameter
        for parameter in command.params
        if parameter.param_type_name == "option"
        for name in parameter.opts
        if name.startswith("--") and name not in EVERYWHERE
    }


def documented() -> dict[str, dict[str, str]]:
    """Each command's options and their defaults, of all sections that are about it."""
    found: dict[str, dict[str, str]] = {}
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        shared = re.search(r"^Commands: (.*)", body, re.MULTILINE)
        for name in re.findall(r"`([a-z -]+)`", shared[1] if shared else heading):
            rows = ROW.findall(body)
            assert not found.get(name, {}).keys() & {option for option, _ in rows}
            found.setdefault(name, {}).update(rows)
    return found


DOCUMENTED = documented()


def test_no_other_command_has_options():
    assert {name for name, command in COMMANDS.items() if options(command)} == DOCUMENTED.keys()


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_every_option_is_there_and_no_other(name):
    assert DOCUMENTED[name].keys() == options(COMMANDS[name]).keys()


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_the_defaults_are_the_programs(name):
    for option, parameter in options(COMMANDS[name]).items():
        value = parameter.default
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            assert DOCUMENTED[name][option] == "—", option
        else:
            text = value if isinstance(value, str) else f"{value:g}"
            assert DOCUMENTED[name][option] == text, option


def test_the_variables_follow_the_rule_of_the_page():
    for name, command in COMMANDS.items():
        for option, parameter in options(command).items():
            if name == PROGRAM or option in BY_RANKS:
                continue
            wanted = "RENDER_WORKER_" + option.removeprefix("--").replace("-", "_").upper()
            assert parameter.envvar == wanted


def test_the_failure_codes_are_the_programs():
    section = PAGE.split("## Failure codes")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_]+)` \|.*\| ?(yes)? ?\|$", section, re.MULTILINE)
    assert {code: bool(again) for code, again in rows} == {
        code: error.retryable for code, error in OBJECT_ERRORS.items()
    }


def test_the_exit_statuses_are_the_programs():
    section = PAGE.split("## Exit status")[1]
    numbers = re.findall(r"^\| (\d+) \|", section, re.MULTILINE)
    assert [int(number) for number in numbers] == list(ExitStatus)
