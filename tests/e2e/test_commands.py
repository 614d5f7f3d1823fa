"""The command line and the environment say the same."""

from __future__ import annotations

import tomllib

import pytest
from typer.testing import CliRunner

from worker.cli import app
from worker.commands import table, variables
from worker.commands.variables import PREFIX
from worker.core import ranks

OPTIONS = [
    (command, parameter)
    for command, parameter in table.parameters()
    if parameter.opts[0].startswith("--")
]
READ_BY_RANKS = {"--rank": ranks.RANK, "--world-size": ranks.WORLD_SIZE}


def test_every_option_is_also_a_variable():
    assert len(OPTIONS) > 50
    for command, option in OPTIONS:
        flag = option.opts[0]
        variable = PREFIX + flag.removeprefix("--").replace("-", "_").upper()
        assert READ_BY_RANKS.get(flag, option.envvar) == variable, (command, flag)


@pytest.mark.parametrize(
    ("arguments", "views"), [((), 4), (("--set", "resolution=32"), 12)], ids=["alone", "beside"]
)
def test_settings_from_the_variable_hold_together_and_give_way(arguments, views):
    told = {f"{PREFIX}SET": "views=4 camera.radius=[1.5, 2.0]"}
    done = CliRunner().invoke(
        app, ["presets", "show", "objaverse-xl", *arguments], env=told, catch_exceptions=False
    )
    shown = tomllib.loads(done.stdout)
    assert shown["views"] == views
    assert shown["camera"]["radius"] == ([1.5, 2.0] if views == 4 else [1.5, 2.2])


def test_every_variable_of_an_option_is_known():
    known = variables.known()
    assert {PREFIX + "OUTPUT", PREFIX + "INDEX", PREFIX + "EXPORT_KIND", ranks.RANK} <= known
    assert variables.unknown(dict.fromkeys(known, "x") | {"SLURM_JOB_ID": "1"}) == ""


@pytest.mark.parametrize(("name", "row"), table.COMMANDS.items())
def test_the_list_of_commands_says_what_each_says_of_itself(name, row):
    assert table.load(name).help.splitlines()[0].rstrip(".").startswith(row.help.rstrip("."))


def test_options_of_long_commands_are_in_panels():
    for command in ("run", "export"):
        panels = {option.rich_help_panel for words, option in OPTIONS if words == command}
        assert None not in panels
        assert len(panels) > 4


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
