"""Being told to stop: SIGTERM and SIGINT, once to finish what is in work, twice to end now."""

from __future__ import annotations

import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from types import FrameType

import structlog

from worker.core.errors import ExitStatus, Interrupted

log = structlog.get_logger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SAID_S = 1.0
"""So long may a line of the log take at the end."""
TOLD = "told to stop: what is in work is finished; told again, it ends now"
UNFINISHED = "stopped in the middle of what did not end in time: it will be done again"
LAST_S = 5.0
"""Once out of time, so long may what is at work take to end, and then what is done to be kept."""


class Stop:
    """Whether, and how urgently, the worker was told to stop."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.now = threading.Event()
        self._lock = threading.Lock()
        self._enders: list[Callable[[], None]] = []
        self._last_acts: list[Callable[[], None]] = []
        self._out_of_time = False
        self._context = copy_context()

    def ask(self) -> None:
        """Ask once to wind down; ask again to end at once."""
        if self.asked.is_set():
            self.now.set()
        self.asked.set()

    def check(self) -> None:
        """Raises: Interrupted, if asked to stop."""
        if self.asked.is_set():
            raise Interrupted("stopped before the first object")

    def out_of_time(self, ender: Callable[[], None]) -> None:
        """Have `ender` called when work must end now; at once, if that moment has passed."""
        with self._lock:
            self._enders.append(ender)
            passed = self._out_of_time
        if passed:
            ender()

    def before_leaving(self, act: Callable[[], None]) -> None:
        """Have `act` called should the process have to end although threads of it hang.

        The last one told of comes first: a ledger is written before its worker's files are gone.
        """
        self._last_acts.insert(0, act)

    @contextmanager
    def on_signals(self, grace_s: float = math.inf) -> Iterator[None]:
        """Obey SIGTERM and SIGINT while the context lasts.

        Work is ended at the second signal, or `grace_s` after the first. If the context lasts
        yet LAST_S longer, because a store hangs or images are being packed, the process ends after
        what `before_leaving` was told.
        """
        # A Python handler runs only once the main thread looks, and that may be blocked on a lock
        # for good; the byte that C writes on each signal is seen at once, by a thread that reads.
        self._context = copy_context()  # the log's, for the threads
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        over = threading.Event()

        def handle(_number: int, _frame: FrameType | None) -> None:
            """Be there: without a handler there is no byte."""

        threads = [
            threading.Thread(target=self._obey, args=(ours,), name="signals", daemon=True),
            threading.Thread(target=self._watch, args=(over, grace_s), name="stop", daemon=True),
        ]
        for thread in threads:
            thread.start()
        before_fd = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, handle) for number in SIGNALS}
        try:
            yield
        finally:
            over.set()
            for number, handler in before.items():
                # One signal more, on the way out, must not change the exit status.
                signal.signal(number, signal.SIG_IGN if self.asked.is_set() else handler)
            signal.set_wakeup_fd(before_fd)
            theirs.close()
            for thread in threads:
                thread.join()
            ours.close()

    def _obey(self, signals: socket.socket) -> None:
        """Ask once for each signal, until the other end is closed."""
        while numbers := signals.recv(1024):
            for number in numbers:
                if number in SIGNALS:
                    self.ask()

    def _watch(self, over: threading.Event, grace_s: float) -> None:
        while not self.asked.wait(0.1):
            if over.is_set():
                return
        said = self._say(TOLD, {} if math.isinf(grace_s) else {"grace_s": grace_s})
        if not self._time_is_left(over, grace_s):
            self._end()
            if not over.wait(LAST_S):
                self._leave()
        said.join(SAID_S)

    def _time_is_left(self, over: threading.Event, grace_s: float) -> bool:
        """Wait for `over` (True), for the second request or for the time to pass (False)."""
        end = time.monotonic() + grace_s
        while not over.wait(0.05):
            if self.now.is_set() or time.monotonic() >= end:
                return False
        return True

    def _say(self, event: str, more: dict[str, float]) -> threading.Thread:
        """Log from a thread of its own: who reads it may be gone, or not read on."""

        def say() -> None:
            with suppress(OSError, ValueError):
                self._context.run(log.warning, event, **more)

        thread = threading.Thread(target=say, name="say", daemon=True)
        thread.start()
        return thread

    def _end(self) -> None:
        with self._lock:
            self._out_of_time = True
            enders = list(self._enders)
        for ender in enders:
            ender()

    def _leave(self) -> None:
        self._say(UNFINISHED, {}).join(SAID_S)
        for act in self._last_acts:
            act()
        os._exit(ExitStatus.INTERRUPTED)  # Blender dies with the worker
