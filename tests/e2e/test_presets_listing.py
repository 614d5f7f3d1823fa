"""`presets`: every preset's name and source whole, in a pipe and on a terminal of any width."""

import io
import os
import pty
import subprocess
import sys

import pytest
from rich.console import Console

from tests.patience import HANG_S
from worker import presets
from worker.report import presets as listing

COMMAND = [sys.executable, "-m", "worker", "presets"]


def whole(lines):
    """Nothing of a preset but what it is may go over several lines."""
    for row in presets.table():
        (at,) = [n for n, line in enumerate(lines) if line.split()[:1] == [row.name]]
        assert any(row.follows in line for line in lines[at : at + 4]), row.name


def test_in_a_pipe_each_preset_is_a_line():
    found = subprocess.run(
        COMMAND, env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True, check=True
    ).stdout
    head, *lines = found.splitlines()
    whole(lines)
    assert [line.split()[0] for line in lines] == presets.names()
    for line, row in zip(lines, presets.table(), strict=True):
        assert row.summary in line
        assert line == line.rstrip()
        assert line[head.index("what it is") :].startswith(row.summary)


@pytest.mark.parametrize("width", [80, 110, 150, 230])
def test_at_any_width_names_and_sources_are_whole(width):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(listing.render(presets.table(), width))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    whole(lines)
    words = " ".join(" ".join(lines).split())
    if width in (80, 230):  # between, it is folded beside other columns
        assert all(row.summary in words for row in presets.table())


def test_on_a_real_terminal_of_80_columns():
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        child = subprocess.Popen(
            COMMAND, stdout=theirs, env={**os.environ, "COLUMNS": "80", "TERM": "dumb"}
        )
        os.close(theirs)
        shown = b""
        try:
            while part := screen.read(1 << 16):
                shown += part
        except OSError:  # how Linux ends it
            pass
        assert child.wait(timeout=HANG_S) == 0
    whole(shown.decode().splitlines())
