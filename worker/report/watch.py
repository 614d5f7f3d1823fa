"""Shows a status that is computed again and again, until nothing is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from rich.console import Console
from rich.live import Live

from worker.report.status import Status
from worker.report.status_page import render

PAUSE_S: Final = 5.0
SHARE: Final = 4
"""The pause is at least this many times as long as computing the status took."""


def watch(
    compute: Callable[[], Status],
    console: Console,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Status:
    """Draw `compute()` on the console until all is done, or until Ctrl-C.

    A page that is longer than the terminal ends with an ellipsis until then, because a terminal
    can draw anew only what it shows. Returns the last status. Without a terminal only that is
    printed. Raises: what `compute` does.
    """
    status = compute()
    with (
        suppress(KeyboardInterrupt),  # the usual end of a watch, not a failure
        Live(
            render(status), console=console, auto_refresh=False, vertical_overflow="ellipsis"
        ) as live,
    ):
        while not status.all_done:
            sleep(PAUSE_S)
            begin = time.monotonic()
            status = compute()
            live.update(render(status), refresh=True)
            sleep(SHARE * (time.monotonic() - begin))
    return status
