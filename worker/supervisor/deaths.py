"""The failure of an object whose child died or exceeded a limit."""

from __future__ import annotations

from worker.core.errors import Crash, ObjectError, OutOfMemory, Timeout
from worker.supervisor.watchdog import Overrun, TooMuchMemory


def failure(error: Exception, phase: str, tail: tuple[str, ...], *, starved: bool) -> ObjectError:
    """The failure after `error`, in the child's phase `phase`.

    tail: the last lines that Blender printed. starved: the kernel killed it for lack of memory.
    """
    if isinstance(error, Overrun):
        return Timeout(str(error), tail)
    if isinstance(error, TooMuchMemory):
        return OutOfMemory(str(error), tail)
    if starved:
        return OutOfMemory(
            f"the kernel killed Blender for lack of memory in the phase '{phase}'", tail
        )
    return Crash(f"Blender died in the phase '{phase}': {error}", tail)
