"""Memory and CPU time of process groups: of real ones, and how often they are read."""

from __future__ import annotations

import contextlib
import math
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


@contextlib.contextmanager
def sleeper(group=0):
    """A process in `group`, or in one of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=group,
    )  # fmt: skip
    process.stdout.readline()
    try:
        yield process
    finally:
        process.communicate(b"\n")


@pytest.fixture
def group():
    """A process group of two that holds memory and has used CPU time."""
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY % HELD!r}])"
    process = subprocess.Popen(
        [sys.executable, "-c", inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        process_group=0,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline()
    yield process.pid
    process.communicate(b"\n")


@pytest.mark.parametrize(
    "read", [usage.of_group, lambda group: Groups(0.0, 0.0).of(group, LONG_AGO)], ids=["one", "all"]
)
def test_a_group_is_all_its_processes(group, read):
    found = read(group)
    assert HELD < found.resident < 1 << 30
    assert found.cpu_s > 0.4


def test_a_group_without_processes_uses_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()
    assert usage.of_group(process.pid) == Groups(0.0, 0.0).of(process.pid, LONG_AGO) == Usage()


def test_many_looks_are_one_reading(group):
    groups = Groups(NEVER_S, NEVER_S)
    first = groups.of(group)
    assert first.resident > HELD
    assert groups.of(group, LONG_AGO) is first
    assert groups.of(group, time.monotonic()) is not first


def test_a_group_that_is_new_is_read_at_once(group):
    groups = Groups(NEVER_S, NEVER_S)
    groups.of(group)
    with sleeper() as other:
        assert groups.of(other.pid).resident > 0


@pytest.mark.parametrize(
    ("listed_every_s", "since"), [(0.0, -math.inf), (NEVER_S, time.monotonic)], ids=["due", "asked"]
)
def test_a_process_that_joins_counts_when_all_are_read(group, listed_every_s, since):
    groups = Groups(0.0, listed_every_s)
    before = groups.of(group).resident
    with sleeper(group):
        more = usage.of_group(group).resident
        if listed_every_s:
            assert groups.of(group).resident < more
        found = groups.of(group, since() if callable(since) else since).resident
        assert before < found
    assert groups.of(group).resident < found  # one that leaves is noticed at once
