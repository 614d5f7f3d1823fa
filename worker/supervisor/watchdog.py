"""The limits of a child (time per phase, silence, memory), and the watch that enforces them.

A sign of life is a message, such as the heartbeat every second, or CPU use: importers and
modifiers hold the interpreter's lock for minutes, which stops the heartbeat but keeps the CPU busy.
A child that is silent and idle is frozen. Time during which the worker itself was suspended is
excluded, up to the limit of the whole work, because the child is rarely the cause.
"""

from __future__ import annotations

import time

import msgspec

from worker.core import usage

LOOK_EVERY_S = 0.5
SUSPENDED_S = 2.0
"""If two looks are further apart, this process was suspended in between."""
GROUPS = usage.Groups(LOOK_EVERY_S / 2, LOOK_EVERY_S * 2)
"""Of all children: each message has its child looked at, and small objects send many."""
WORKING_SHARE = 0.05
"""Fraction of one core, averaged over `Limits.silence_s`, from which on a child is working.

A child that sleeps with the interpreter's lock uses 0.005, because the heartbeat waits for it."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Deadlines in seconds, and memory in bytes (0: derived from the machine or cgroup)."""

    start_s: float = 180.0
    import_s: float = 120.0
    view_s: float = 120.0
    object_s: float = 300.0
    silence_s: float = 60.0
    """After this time without a sign of life, a child that has started counts as frozen."""
    memory_bytes: int = 0


class Overrun(Exception):
    """The child exceeded a deadline or is frozen; the message says which."""


class TooMuchMemory(Exception):
    """The child exceeded its memory limit."""


class Watch:
    """Holds one piece of work to its `limits`, as they are at each look. Made when it starts."""

    def __init__(self, limits: Limits, group: int, memory_limit: int, phase: str) -> None:
        self.limits = limits
        self._group = group
        self._memory_limit = memory_limit
        whole = limits.start_s if phase == "start" else limits.object_s
        self._held_s, self._most_held_s = 0.0, whole
        self._made = self._looked = time.monotonic()
        now = self._now()
        self._whole = (now + whole, f"not finished within {whole:g} s,")
        self._cpu_s = GROUPS.of(group).cpu_s
        self._alive = (now, self._cpu_s)
        self.phase = phase
        self.enter(phase)

    def enter(self, phase: str) -> None:
        """Start a phase, or the next view that is told, with a new deadline."""
        self.phase = phase
        allowed = {
            "start": self.limits.start_s,
            "import": self.limits.import_s,
        }.get(phase, self.limits.view_s)
        self._step = (self._now() + allowed, f"over {allowed:g} s")

    def heard(self) -> None:
        """Note a message from the child, which is a sign of life."""
        self._alive = (self._now(), self._cpu_s)

    def look(self) -> None:
        """Check all limits. Raises: Overrun, TooMuchMemory."""
        now = self._now()
        for deadline, words in (self._whole, self._step):
            if now >= deadline:
                raise Overrun(f"{words} in the phase '{self.phase}'")
        used = GROUPS.of(self._group)
        self._listen(now, used.cpu_s)
        if used.resident > self._memory_limit:  # or was, with the object before this one
            used = GROUPS.of(self._group, since=self._made)
        if used.resident > self._memory_limit:
            raise TooMuchMemory(
                f"Blender used {used.resident >> 20} MB in the phase '{self.phase}', "
                f"allowed: {self._memory_limit >> 20} MB (--memory-limit-mb)"
            )

    def _now(self) -> float:
        """Seconds on a clock that stops while this process is suspended, within a limit."""
        now = time.monotonic()
        apart, self._looked = now - self._looked, now
        if apart > SUSPENDED_S:
            self._held_s = min(self._held_s + apart - LOOK_EVERY_S, self._most_held_s)
        return now - self._held_s

    def _listen(self, now: float, cpu_s: float) -> None:
        """Check for signs of life, except in the phase "start". Raises: Overrun."""
        self._cpu_s = cpu_s
        silence_s = self.limits.silence_s
        since, used_s = self._alive
        # CPU time decreases when a process of the group ends, which is a sign of life too.
        if not 0 <= cpu_s - used_s < WORKING_SHARE * silence_s:
            self._alive = (now, cpu_s)
        elif self.phase != "start" and now - since >= silence_s:
            raise Overrun(f"no sign of life for {silence_s:g} s in the phase '{self.phase}'")
