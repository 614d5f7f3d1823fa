"""Entry point of `render-worker` and `python -m worker`: handles signals before slow imports."""

from __future__ import annotations

import os
import signal
from types import FrameType

INTERRUPTED = 75
"""`errors.ExitStatus.INTERRUPTED`, which is not imported yet."""


def _leave(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)  # an exception would print the traceback of an import


def main() -> None:
    """Import the command line (about half a second) and run it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    from worker import cli

    cli.main()


if __name__ == "__main__":
    main()
