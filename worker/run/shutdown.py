"""Stopping on SIGTERM or SIGINT: the first finishes work in progress, the second ends it now."""

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
"""Seconds to wait for the last line of the log to be written."""
STOPPING = "stopping: finishing work in progress; signal again to stop immediately"
UNFINISHED = "stopped before work in progress was finished; run the same command again to redo it"
LAST_S = 5.0
"""Seconds that work may take to end when time is up, and then finished work to be recorded."""


class Stop:
    """Whether the worker was asked to stop, and how urgently."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.now = threading.Event()
        self._lock = threading.Lock()
        self._enders: list[Callable[[], None]] = []
        self._first_acts: list[Callable[[], None]] = []
        self._last_acts: list[Callable[[], None]] = []
        self._out_of_time = False
        self._context = copy_context()

    def ask(self) -> None:
        """The first call asks to finish work in progress, the second to end it now."""
        if self.asked.is_set():
            self.now.set()
        self.asked.set()

    def check(self) -> None:
        """Raises: Interrupted, if asked to stop."""
        if self.asked.is_set():
            raise Interrupted("stopped before the first object; run the same command again")

    def when_asked(self, act: Callable[[], None]) -> None:
        """Call `act`, in a thread of its own, at the first request to stop."""
        self._first_acts.append(act)

    def out_of_time(self, ender: Callable[[], None]) -> None:
        """Call `ender` when work must end now; immediately if that moment has passed."""
        with self._lock:
            self._enders.append(ender)
            passed = self._out_of_time
        if passed:
            ender()

    def before_leaving(self, act: Callable[[], None]) -> None:
        """Call `act` if the process has to exit although some of its threads hang.

        The last registered act runs first: the ledger is written before the files are deleted.
        """
        self._last_acts.insert(0, act)

    @contextmanager
    def on_signals(self, grace_s: float = math.inf) -> Iterator[None]:
        """Handle SIGTERM and SIGINT while the context lasts.

        Work is ended at the second signal, or `grace_s` seconds after the first. If the context
        then lasts LAST_S longer, because a store hangs or images are being packed, the acts of
        `before_leaving` run and the process exits.
        """
        # Python runs signal handlers in the main thread, which may be blocked on a lock forever.
        # The byte that C code writes for each signal is read at once, by a thread of our own.
        self._context = copy_context()  # so that the threads log with its fields
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        over = threading.Event()

        def handle(_number: int, _frame: FrameType | None) -> None:
            """Do nothing: a signal without a Python handler writes no byte."""

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
                # A further signal during the exit must not change the exit status.
                signal.signal(number, signal.SIG_IGN if self.asked.is_set() else handler)
            signal.set_wakeup_fd(before_fd)
            theirs.close()
            for thread in threads:
                thread.join()
            ours.close()

    def _obey(self, signals: socket.socket) -> None:
        """Call `ask` for each signal, until the other end is closed."""
        while numbers := signals.recv(1024):
            for number in numbers:
                if number in SIGNALS:
                    self.ask()

    def _watch(self, over: threading.Event, grace_s: float) -> None:
        while not self.asked.wait(0.1):
            if over.is_set():
                return
        for act in self._first_acts:  # a store that hangs must not delay the rest
            threading.Thread(target=self._context.copy().run, args=(act,), daemon=True).start()
        said = self._say(STOPPING, {} if math.isinf(grace_s) else {"grace_s": grace_s})
        if not self._time_is_left(over, grace_s):
            self._end()
            if not over.wait(LAST_S):
                self._leave()
        said.join(SAID_S)

    def _time_is_left(self, over: threading.Event, grace_s: float) -> bool:
        """Wait for `over` (True), or for the second request or the end of the grace (False)."""
        end = time.monotonic() + grace_s
        while not over.wait(0.05):
            if self.now.is_set() or time.monotonic() >= end:
                return False
        return True

    def _say(self, event: str, more: dict[str, float]) -> threading.Thread:
        """Log in a separate thread: the reader of stderr may be gone or blocked."""

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
        os._exit(ExitStatus.INTERRUPTED)  # the children die with the worker
