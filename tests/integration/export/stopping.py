"""An export stopped in the middle: a real process, a real signal."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence

from tests.e2e.conftest import ROOT, command, environment


def stop_midway(arguments: Sequence[object], how: signal.Signals, made: Callable[[], list]) -> None:
    """Run the worker with `arguments` until something is `made`, then send it `how`."""
    worker = subprocess.Popen(
        command(*arguments), env=environment(), cwd=ROOT, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not made() and time.monotonic() < deadline:
        time.sleep(0.005)
    worker.send_signal(how)
    assert worker.wait(60) == (75 if how == signal.SIGTERM else -9)
