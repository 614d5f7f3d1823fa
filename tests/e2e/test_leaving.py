"""A worker that has to end in the middle of packing: its own end is nobody's failure."""

from __future__ import annotations

from tests.command_line import run_worker
from tests.e2e import crash
from worker.stores import open_store

# Packing takes longer than the grace, and goes on while the worker's files are removed.
PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from worker.pack import raw

read = raw.plain_file

def slow(files, kind, scratch, whose):
    many = next(Path(SCRATCH).glob("*/fetched/repositories"))
    for number in range(3000):
        (many / str(number)).write_bytes(b"x")
    os.kill(os.getpid(), signal.SIGTERM)
    while any(Path(scratch).glob("*.*")):
        time.sleep(0.001)
    return read(files, kind, scratch, whose)

SCRATCH = sys.argv.pop(1)
raw.plain_file = slow"""


def test_what_is_packed_when_the_worker_must_leave_is_rendered_by_the_next(tmp_path):
    output, scratch = tmp_path / "out", tmp_path / "scratch"
    arguments = ("run", crash.cubes(tmp_path / "models", 1), "--output", output,
                 "--scratch", scratch, *crash.TINY)  # fmt: skip
    run_worker(scratch, *arguments, "--grace", 0.2, first=PROGRAM, check=75)
    assert list(scratch.glob("*/objects/*/*/raw/*")) == []
    assert "failed" not in {
        outcome for outcome, _, _ in crash.folded(open_store(str(output))).values()
    }
    run_worker(*arguments)
    assert len(list(output.glob("renders/*.zip"))) == 1
