"""An export stopped in the middle: a real process, a real signal, at a moment of its own work."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from tests.command_line import run_worker

# The signal comes where the export opens its next file after one was made, and the export goes on
# once it has seen it: however slow the machine, something is done by then and something is not.
PROGRAM = """
import os, sys, threading
from pathlib import Path
from worker.run import shutdown

folder, pattern, how = Path(sys.argv.pop(1)), sys.argv.pop(1), int(sys.argv.pop(1))
ask, asked, sent = shutdown.Stop.ask, threading.Event(), []

def note(self):
    ask(self)
    asked.set()

def look(event, _):
    if event == "open" and not sent and any(folder.glob(pattern)):
        sent.append(how)
        os.kill(os.getpid(), how)
        asked.wait()

shutdown.Stop.ask = note
sys.addaudithook(look)"""


def stop_midway(
    arguments: Sequence[object], how: signal.Signals, folder: Path, pattern: str
) -> None:
    """Run the worker with `arguments`; once `folder` has such a file, it gets the signal."""
    ended = 75 if how == signal.SIGTERM else -how
    run_worker(folder, pattern, int(how), *arguments, first=PROGRAM, check=ended)
