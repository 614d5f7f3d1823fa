"""Entry point of `render-worker` and `python -m worker`: handles signals before slow imports."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 75
"""`errors.ExitStatus.INTERRUPTED`, which is not imported yet."""
UNAVAILABLE = 69
"""`errors.ExitStatus.UNAVAILABLE`."""
PYTHONS = ((3, 11), (3, 12), (3, 13))
"""Those that the worker's libraries are installed for; others can only read its outputs."""


def _leave(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)  # an exception would print the traceback of an import


def main() -> None:
    """Import the command line (about half a second) and run it."""
    if sys.version_info[:2] not in PYTHONS:
        sys.stderr.write(
            "render-worker needs Python 3.11 to 3.13, this is {}.{}; "
            "only the library render_worker works here\n".format(*sys.version_info)
        )
        raise SystemExit(UNAVAILABLE)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    from worker import cli

    cli.main()


if __name__ == "__main__":
    main()
