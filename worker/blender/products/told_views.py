"""Tells the host which view is rendered, but not so often that it costs time."""

from __future__ import annotations

import time
from typing import Callable

from worker.blender.products.base import Report
from worker.contract.protocol import Phase, RenderObject

TOLD_EVERY_S = 0.25
"""Seconds from one view that is told to the host to the next.

Small views take hundredths of a second, and a message wakes two processes. The time limit of a view
that is not told began with the view that was, so it may end this much early.
"""


def telling(request: RenderObject, report: Report) -> Callable[[int], None]:
    """Reports views by number before they begin: the first, then later ones if they are slow.

    Of an object that is debugged, every view is, so that a crash is that of the view it names.
    """
    due = 0.0

    def tell(number: int) -> None:
        nonlocal due
        now = time.monotonic()
        if request.debug or now >= due:
            due = now + TOLD_EVERY_S
            report(Phase(request.uid, "view", number))

    return tell
