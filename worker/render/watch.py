"""What a child may take: time per phase, silence, memory. And the watch that holds it to that."""

from __future__ import annotations

import time

import msgspec

from worker.render import memory

LOOK_EVERY_S = 0.5


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Deadlines in seconds and memory in bytes (0: from the machine or its cgroup)."""

    start_s: float = 180.0
    import_s: float = 120.0
    view_s: float = 120.0
    object_s: float = 300.0
    silence_s: float = 60.0
    """Without a heartbeat for so long, a child is frozen, whatever it may be doing."""
    memory_bytes: int = 0


class Overrun(Exception):
    """A deadline passed, or the child fell silent; the message says which."""


class TooMuchMemory(Exception):
    """The child holds more than its limit."""


class Watch:
    """Holds one piece of work to its limits. Made when the work starts."""

    def __init__(self, limits: Limits, group: int, memory_limit: int, phase: str) -> None:
        self._limits = limits
        self._group = group
        self._memory_limit = memory_limit
        now = time.monotonic()
        whole = limits.start_s if phase == "start" else limits.object_s
        self._whole = (now + whole, f"not finished within {whole:g} s, in")
        self._last_beat = now
        self.peak = 0
        self.phase = phase
        self.enter(phase)

    def enter(self, phase: str) -> None:
        """A phase, or the next view, begins: its deadline starts anew."""
        self.phase = phase
        allowed = {
            "start": self._limits.start_s,
            "import": self._limits.import_s,
        }.get(phase, self._limits.view_s)
        self._step = (time.monotonic() + allowed, f"over {allowed:g} s in")

    def heard(self) -> None:
        """Any message is a sign of life."""
        self._last_beat = time.monotonic()

    def look(self) -> None:
        """Compare with the limits. Raises: Overrun, TooMuchMemory."""
        now = time.monotonic()
        for deadline, words in (self._whole, self._step):
            if now >= deadline:
                raise Overrun(
                    words if "phase" in words else f"{words}, in the phase '{self.phase}'"
                )
        if now - self._last_beat >= self._limits.silence_s:
            raise Overrun(
                f"no sign of life for {self._limits.silence_s:g} s, in the phase '{self.phase}'"
            )
        resident = memory.group_resident(self._group)
        self.peak = max(self.peak, resident)
        if resident > self._memory_limit:
            raise TooMuchMemory(
                f"Blender held {resident >> 20} MB in the phase '{self.phase}', "
                f"allowed: {self._memory_limit >> 20} MB (--memory-limit-mb)"
            )
