"""A worker that is killed at a point on an object's way: python kill.py POINT[:N] ARGUMENTS…

It kills itself with SIGKILL when it reaches POINT, of `worker.core.failpoints`, for the N-th time
(default: the first). The file needs nothing but the worker's package, so that a container can run
it.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys

from worker.core import failpoints
from worker.core.failpoints import Failpoint


def at(where: str) -> None:
    """Have this process killed at "POINT[:N]"."""
    name, _, number = where.partition(":")
    deadly, last = Failpoint(name), int(number or 1)
    count = itertools.count(1)  # `next` is one step of the interpreter, so threads share it safely

    def strike(point: Failpoint) -> None:
        if point is deadly and next(count) == last:
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()  # the signal may reach another thread first

    failpoints.install(strike)


def first(where: str) -> str:
    """Python for a worker to run before anything of its own: see `tests.command_line.command`."""
    return f"from {__name__} import at; at({str(where)!r})"


if __name__ == "__main__":
    at(sys.argv.pop(1))
    from worker.cli import main

    main()
