"""The time limit of a fetch, which a stop ends early."""

from __future__ import annotations

import threading
import time

from worker.core.errors import Download, ObjectInterrupted


class Deadline:
    """The end of one fetch, `seconds` from now; `stop` ends it earlier.

    `what` names the download in messages; leave it empty if their context does.
    """

    def __init__(self, seconds: float, stop: threading.Event, what: str = "") -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._stop = stop
        self._prefix = f"{what}: " if what else ""

    def left(self) -> float:
        """Seconds left, above zero. Raises: Download when over, ObjectInterrupted when stopped."""
        if self._stop.is_set():
            raise ObjectInterrupted("the worker was stopped during the download")
        left = self._end - time.monotonic()
        if left <= 0:
            raise Download(
                f"{self._prefix}not finished after {self._seconds:g} s, "
                "the time limit of one download"
            )
        return left

    def wait(self, seconds: float) -> None:
        """Sleep, unless that would pass the end. Raises: Download, ObjectInterrupted."""
        if seconds >= self.left():
            raise Download(
                f"{self._prefix}the server asks to wait {seconds:g} s, longer than the time limit"
            )
        if self._stop.wait(seconds):
            self.left()
