"""How tests wait: for what happens, not for how long it takes.

A busy machine can stall any process for a minute, and that says nothing about the code. So no
test asserts that something took at most so long, and each bound below is there for a hang alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from worker.supervisor.watchdog import Limits

HANG_S = 240.0
"""What has not happened by then does not happen. Also for subprocesses that must end."""
PATIENT = Limits(start_s=600.0, import_s=600.0, view_s=600.0, object_s=600.0, silence_s=600.0)
"""Of a child, where a test is not about its end."""


class Ends(Protocol):
    """A process, by what it says of its end."""

    def poll(self) -> int | None: ...


def until(
    happened: Callable[[], object],
    otherwise: Callable[[], object] = lambda: "waited in vain",
    *,
    while_runs: Ends | None = None,
    every_s: float = 0.02,
    raises: type[Exception] = AssertionError,
) -> None:
    """Wait until `happened()`; fail with what `otherwise()` says, at once if `while_runs` ended."""
    deadline = time.monotonic() + HANG_S
    while not happened():
        if while_runs is not None and while_runs.poll() is not None and not happened():
            raise raises(f"it ended first: {otherwise()}")
        if time.monotonic() > deadline:
            raise raises(str(otherwise()))
        time.sleep(every_s)
