"""Being told to stop: SIGTERM and SIGINT, once to finish what is in work, twice to end now."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Whether, and how urgently, the worker was told to stop.

    The signal handlers only set flags; a watcher thread acts on them.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.now = threading.Event()

    def ask(self) -> None:
        """Ask once to wind down; ask again to end at once."""
        if self.asked.is_set():
            self.now.set()
        self.asked.set()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Ask on SIGTERM and SIGINT while the context lasts."""

        def handle(_signal: int, _frame: FrameType | None) -> None:
            self.ask()

        before = {number: signal.signal(number, handle) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def watch(self, grace_s: float, out_of_time: Callable[[], None]) -> Iterator[None]:
        """Call `out_of_time` when asked to end at once, or `grace_s` after being asked to stop."""
        over = threading.Event()

        def body() -> None:
            while not over.is_set():
                if self.asked.wait(0.2):
                    if not self._wait_either(over, grace_s):
                        out_of_time()
                    return

        watcher = threading.Thread(target=body, name="stop", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _wait_either(self, over: threading.Event, seconds: float) -> bool:
        """Wait for `over` (True), for the second request or for the time to pass (False)."""
        step = 0.1
        for _ in range(int(seconds / step) + 1):
            if over.wait(step):
                return True
            if self.now.is_set():
                return False
        return False
