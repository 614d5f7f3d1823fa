"""What a child may take: time per phase, silence, memory. And the watch that holds it to that.

A sign of life is a message, of which the heartbeat sends one a second, or work: importers and
modifiers hold the interpreter's lock for minutes, in which no heart beats but the processor is
busy. What neither speaks nor works is frozen. Time in which the watch itself stood still is not
counted, up to the limit of the whole: that this process was stopped, or the machine stalled, is
rarely the child's doing.
"""

from __future__ import annotations

import time

import msgspec

from worker.supervisor import usage

LOOK_EVERY_S = 0.5
STOOD_STILL_S = 2.0
"""Looks that are further apart were not delayed, but held: this process did not run."""
WORKING_SHARE = 0.05
"""Of one core, on average over `Limits.silence_s`, what a child uses that is at work.

One that sleeps and holds the interpreter's lock uses 0.005: the heart asks for the lock."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Deadlines in seconds and memory in bytes (0: from the machine or its cgroup)."""

    start_s: float = 180.0
    import_s: float = 120.0
    view_s: float = 120.0
    object_s: float = 300.0
    silence_s: float = 60.0
    """Without a sign of life for so long, a child that has started is frozen."""
    memory_bytes: int = 0


class Overrun(Exception):
    """A deadline passed, or the child fell silent; the message says which."""


class TooMuchMemory(Exception):
    """The child holds more than its limit."""


class Watch:
    """Holds one piece of work to its `limits`, as they are at each look. Made when it starts."""

    def __init__(self, limits: Limits, group: int, memory_limit: int, phase: str) -> None:
        self.limits = limits
        self._group = group
        self._memory_limit = memory_limit
        whole = limits.start_s if phase == "start" else limits.object_s
        self._held_s, self._most_held_s = 0.0, whole
        self._looked = time.monotonic()
        now = self._now()
        self._whole = (now + whole, f"not finished within {whole:g} s,")
        self._cpu_s = usage.of_group(group).cpu_s
        self._alive = (now, self._cpu_s)
        self.peak = 0
        self.phase = phase
        self.enter(phase)

    def enter(self, phase: str) -> None:
        """A phase, or the next view, begins: its deadline starts anew."""
        self.phase = phase
        allowed = {
            "start": self.limits.start_s,
            "import": self.limits.import_s,
        }.get(phase, self.limits.view_s)
        self._step = (self._now() + allowed, f"over {allowed:g} s")

    def heard(self) -> None:
        """Any message is a sign of life."""
        self._alive = (self._now(), self._cpu_s)

    def look(self) -> None:
        """Compare with the limits. Raises: Overrun, TooMuchMemory."""
        now = self._now()
        for deadline, words in (self._whole, self._step):
            if now >= deadline:
                raise Overrun(f"{words} in the phase '{self.phase}'")
        used = usage.of_group(self._group)
        self._listen(now, used.cpu_s)
        self.peak = max(self.peak, used.resident)
        if used.resident > self._memory_limit:
            raise TooMuchMemory(
                f"Blender held {used.resident >> 20} MB in the phase '{self.phase}', "
                f"allowed: {self._memory_limit >> 20} MB (--memory-limit-mb)"
            )

    def _now(self) -> float:
        """Seconds on a clock that stands still while this process does."""
        now = time.monotonic()
        apart, self._looked = now - self._looked, now
        if apart > STOOD_STILL_S:
            self._held_s = min(self._held_s + apart - LOOK_EVERY_S, self._most_held_s)
        return now - self._held_s

    def _listen(self, now: float, cpu_s: float) -> None:
        """Raises: Overrun after too long a silence; there is none before the heart beats."""
        self._cpu_s = cpu_s
        silence_s = self.limits.silence_s
        since, used_s = self._alive
        # Less than before: one of the group's processes has ended, which is a sign too.
        if not 0 <= cpu_s - used_s < WORKING_SHARE * silence_s:
            self._alive = (now, cpu_s)
        elif self.phase != "start" and now - since >= silence_s:
            raise Overrun(f"no sign of life for {silence_s:g} s in the phase '{self.phase}'")
