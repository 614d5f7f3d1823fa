"""A stop ends work also where nobody reads what the worker says of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.patience import HANG_S

ENDED = 7
WORKER = f"""
import os, signal, threading
from worker.run.shutdown import Stop

stop, ended = Stop(), threading.Event()
with stop.on_signals(grace_s=0.2):
    stop.out_of_time(ended.set)
    os.kill(os.getpid(), signal.SIGTERM)
    ended.wait()
os._exit({ENDED})
"""


@pytest.fixture(params=["nobody reads it", "it is full"])
def log(request):
    """A pipe for what a worker says."""
    reads, writes = os.pipe()
    if request.param == "nobody reads it":
        os.close(reads)
    else:
        os.set_blocking(writes, False)
        while True:
            try:
                os.write(writes, bytes(1 << 16))
            except BlockingIOError:
                break
        os.set_blocking(writes, True)
    yield writes
    os.close(writes)
    if request.param == "it is full":
        os.close(reads)


def test_the_grace_ends_work_though_the_log_takes_no_line(log):
    done = subprocess.run(
        [sys.executable, "-u", "-c", WORKER], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == ENDED
