"""Runs in the child, between fork and Blender: ties its life to the worker's, then execs.

    python -I launch.py PARENT_PID COMMAND…

A process of its own rather than a `preexec_fn`, which is unsafe in a threaded parent. The seat of
a sandbox: what is set here holds before Blender reads a byte of an untrusted file.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Die with the parent thread that started us, from the first instruction of Blender on."""
    parent, command = int(arguments[0]), arguments[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 - an argument list from the worker itself
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
