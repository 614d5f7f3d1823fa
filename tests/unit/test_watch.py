"""The watch over a child, on a clock and with a processor of the test's own."""

from __future__ import annotations

import math

import pytest

from worker.core.usage import Usage
from worker.supervisor import watchdog
from worker.supervisor.watchdog import (
    LOOK_EVERY_S,
    WORKING_SHARE,
    Limits,
    Overrun,
    TooMuchMemory,
    Watch,
)

LIMITS = Limits(start_s=40.0, import_s=20.0, view_s=30.0, object_s=100.0, silence_s=10.0)


class Machine:
    """A clock, and what the child has used of processor and memory."""

    def __init__(self) -> None:
        self.now, self.cpu_s, self.resident = 1000.0, 0.0, 0
        self.resident_before = 0
        """What a reading tells that need not be younger than the watch."""

    def monotonic(self) -> float:
        return self.now

    def of(self, _group: int, since: float = -math.inf) -> Usage:
        assert since <= self.now
        resident = max(self.resident, self.resident_before if since < 0 else 0)
        return Usage(cpu_s=self.cpu_s, resident=resident)


@pytest.fixture
def machine(monkeypatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(watchdog, "time", made)
    monkeypatch.setattr(watchdog, "GROUPS", made)
    return made


def watched(phase: str = "import") -> Watch:
    return Watch(LIMITS, group=1, memory_limit=1000, phase=phase)


def passes(machine: Machine, watch: Watch, seconds: float, *, busy: float = 0.0) -> None:
    """Time passes, looked at as a worker does, in which the child works for `busy` of it."""
    for _ in range(round(seconds / LOOK_EVERY_S)):
        machine.now += LOOK_EVERY_S
        machine.cpu_s += LOOK_EVERY_S * busy
        watch.look()


@pytest.mark.parametrize("busy", [0.0, WORKING_SHARE / 10])
def test_what_neither_speaks_nor_works_is_frozen(machine, busy):
    child = watched()
    passes(machine, child, 9.5, busy=busy)
    with pytest.raises(Overrun, match="no sign of life for 10 s in the phase 'import'"):
        passes(machine, child, 0.5, busy=busy)


def test_a_child_that_works_in_silence_has_its_phases_time(machine):
    child = watched()
    passes(machine, child, 19.0, busy=2 * WORKING_SHARE)
    with pytest.raises(Overrun, match="over 20 s in the phase 'import'"):
        passes(machine, child, 2.0, busy=2 * WORKING_SHARE)


def test_one_that_speaks_has_its_phases_and_its_objects_time(machine):
    child = watched()
    for number in range(99):
        if number % 25 == 0:
            child.enter("view")
        passes(machine, child, 1.0)
        child.heard()
    with pytest.raises(Overrun, match="not finished within 100 s"):
        passes(machine, child, 2.0)


def test_before_its_start_no_heart_beats(machine):
    child = watched("start")
    passes(machine, child, 39.0)
    with pytest.raises(Overrun, match="not finished within 40 s"):
        passes(machine, child, 2.0)


def test_memory_is_compared_at_each_look(machine):
    child = watched()
    machine.resident = 1001
    with pytest.raises(TooMuchMemory, match="phase 'import'"):
        passes(machine, child, 1.0)


def test_memory_of_the_object_before_is_not_held_against_this_one(machine):
    machine.resident_before = 1001
    child = watched()
    passes(machine, child, 1.0)
    machine.resident = 1001
    with pytest.raises(TooMuchMemory):
        passes(machine, child, 1.0)


FIRST = {
    "a look": Watch.look,
    "a message": Watch.heard,
    "a phase": lambda child: child.enter("view"),
}


@pytest.mark.parametrize("first", FIRST)
def test_time_in_which_the_worker_itself_stood_still_is_not_counted(machine, first):
    child = watched()
    machine.now += 90.0
    FIRST[first](child)
    passes(machine, child, 9.0)
    with pytest.raises(Overrun, match="no sign of life for 10 s"):
        passes(machine, child, 2.0)


def test_no_object_buys_time_without_end_by_stalling_the_machine(machine):
    child = watched()
    for _ in range(11):
        machine.now += 10.0
        child.heard()
        child.look()
    machine.now += 10.0
    with pytest.raises(Overrun, match="over 20 s in the phase 'import'"):
        child.look()
