"""An export stopped in the middle: a real process, a real signal, at a moment of its own work."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.conftest import ROOT, environment
from tests.patience import HANG_S

# The signal comes where the export opens its next file after one was made, and the export goes on
# once it has seen it: however slow the machine, something is done by then and something is not.
PROGRAM = """
import os, sys, threading
from pathlib import Path
from worker import stop
from worker.cli import main

folder, pattern, how = Path(sys.argv.pop(1)), sys.argv.pop(1), int(sys.argv.pop(1))
ask, asked, sent = stop.Stop.ask, threading.Event(), []

def note(self):
    ask(self)
    asked.set()

def look(event, _):
    if event == "open" and not sent and any(folder.glob(pattern)):
        sent.append(how)
        os.kill(os.getpid(), how)
        asked.wait()

stop.Stop.ask = note
sys.addaudithook(look)
main()
"""


def stop_midway(
    arguments: Sequence[object], how: signal.Signals, folder: Path, pattern: str
) -> None:
    """Run the worker with `arguments`; once `folder` has such a file, it gets the signal."""
    stopped = subprocess.run(
        [sys.executable, "-c", PROGRAM, folder, pattern, str(int(how)), *map(str, arguments)],
        env=environment(), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=HANG_S, check=False,
    )  # fmt: skip
    assert stopped.returncode == (75 if how == signal.SIGTERM else -9), stopped.stderr
