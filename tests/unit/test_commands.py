"""The command line and the environment say the same."""

from __future__ import annotations

import tomllib

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from worker.cli import app
from worker.commands.options import ENVIRONMENT
from worker.core import ranks


def commands(command, path=()):
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, (*path, name))


OPTIONS = [
    (" ".join(path), parameter)
    for path, command in commands(get_command(app))
    for parameter in command.params
    if parameter.opts[0].startswith("--")
]
READ_BY_RANKS = {"--rank": ranks.RANK, "--world-size": ranks.WORLD_SIZE}


def test_every_option_is_also_a_variable():
    assert len(OPTIONS) > 50
    for command, option in OPTIONS:
        flag = option.opts[0]
        variable = ENVIRONMENT + flag.removeprefix("--").replace("-", "_").upper()
        assert READ_BY_RANKS.get(flag, option.envvar) == variable, (command, flag)


@pytest.mark.parametrize(
    ("arguments", "views"), [((), 4), (("--set", "resolution=32"), 12)], ids=["alone", "beside"]
)
def test_settings_from_the_variable_hold_together_and_give_way(arguments, views):
    variables = {f"{ENVIRONMENT}SET": "views=4 camera.radius=[1.5, 2.0]"}
    done = CliRunner().invoke(
        app, ["presets", "show", "objaverse-xl", *arguments], env=variables, catch_exceptions=False
    )
    shown = tomllib.loads(done.stdout)
    assert shown["views"] == views
    assert shown["camera"]["radius"] == ([1.5, 2.0] if views == 4 else [1.5, 2.2])


NUMBERS = [
    (command, option)
    for command, option in OPTIONS
    if option.type_descriptor.annotation in (int, float) and option.opts[0] not in READ_BY_RANKS
]
HUGE = "9" * 23


def test_every_number_has_a_least_and_a_most():
    assert len(NUMBERS) > 20
    for command, option in NUMBERS:
        assert option.min is not None, (command, option.opts)
        assert option.max is not None, (command, option.opts)


@pytest.mark.parametrize("value", [HUGE, "9" * 5000, "nan", "inf", "-inf", "-1"])
def test_a_number_out_of_all_bounds_is_a_wrong_command_line(value):
    for command, option in NUMBERS:
        done = CliRunner().invoke(app, [*command.split(), option.opts[0], value])
        assert done.exit_code == 2, (command, option.opts, done.output)  # the worker's is 64
        assert option.opts[0] in done.output
