"""Memory and CPU time of process groups: of real ones, and how often they are read."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from worker.core import usage
from worker.core.usage import Groups, Usage

HELD = 64 << 20
BUSY = (
    "import time\nheld = bytearray(%d)\n"
    "while time.process_time() < 0.5: pass\nprint(flush=True)\ninput()"
)
LONG_AGO = -1.0
NEVER_S = 1e9


@pytest.fixture
def group():
    """A process group of two that holds memory and has used CPU time."""
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY % HELD!r}])"
    process = subprocess.Popen(
        [sys.executable, "-c", inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline()
    yield process.pid
    process.communicate(b"\n")


@pytest.mark.parametrize(
    "read", [usage.of_group, lambda group: Groups(0.0).of(group, LONG_AGO)], ids=["one", "all"]
)
def test_a_group_is_all_its_processes(group, read):
    found = read(group)
    assert HELD < found.resident < 1 << 30
    assert found.cpu_s > 0.4


def test_a_group_without_processes_uses_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()
    assert usage.of_group(process.pid) == Groups(0.0).of(process.pid, LONG_AGO) == Usage()


def test_many_looks_are_one_reading(group):
    groups = Groups(NEVER_S)
    first = groups.of(group, LONG_AGO)
    assert first.resident > HELD
    begun = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE,
                             start_new_session=True)  # fmt: skip
    try:
        assert groups.of(begun.pid, LONG_AGO) == Usage()  # it is younger than the reading
        assert groups.of(group, LONG_AGO) is first
        assert groups.of(begun.pid, time.monotonic()).resident > 0
    finally:
        begun.communicate(b"\n")
