"""Runs in the child before Blender: makes it die with the worker, pins and fences it, executes it.

    python -I -S launch.py PARENT_PID FENCE_FD CORES COMMAND…

FENCE_FD is an open file with the JSON of a `Fence`, or "-" for none. CORES are the numbers of the
cores that it may use, with commas, or "-" for those of the worker: Blender starts a thread for each
core that it may use, and cannot be told later. This is a program of its own because a `preexec_fn`
is unsafe in a threaded parent. Restrictions that are set here apply before Blender reads any
untrusted file.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
NO_FENCE = "-"
ANY_CORE = "-"


def main(arguments: list[str]) -> None:
    """Have the kernel kill this process when the parent thread ends, then execute the command."""
    parent, fence, cores, command = int(arguments[0]), arguments[1], arguments[2], arguments[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)
    try:
        if cores != ANY_CORE:
            os.sched_setaffinity(0, map(int, cores.split(",")))
    except OSError as error:  # such as of a core that was taken away since
        sys.exit(f"Blender cannot be pinned to the cores {cores}: {error.strerror}")
    try:
        if fence == NO_FENCE:
            os.execvp(command[0], command)  # noqa: S606 - an argument list from the worker itself
        else:
            _fenced(int(fence), command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


def _fenced(descriptor: int, command: list[str]) -> None:
    # After the standard library; -S leaves out all other packages, one of which may shadow it.
    sys.path.append(__file__.rpartition("/worker/supervisor/")[0] or "/")
    from worker.supervisor.fence import enter
    from worker.supervisor.fence.policy import Fence

    with open(descriptor, "rb") as file:
        fence = Fence.from_json(file.read())
    enter.execute(fence, command)


if __name__ == "__main__":
    main(sys.argv[1:])
