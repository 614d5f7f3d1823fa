"""Applies a `Fence` to this process, and executes a program in it."""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Iterable, Sequence
from typing import NoReturn

from worker.supervisor.fence import landlock, privileges, seccomp
from worker.supervisor.fence.policy import Fence
from worker.supervisor.fence.syscalls import number


def execute(fence: Fence, command: Sequence[str]) -> NoReturn:
    """Restrict this process, which has one thread, and execute `command` in it.

    What this kernel does not have is left out; `mode` on the host decides whether that is enough.
    Raises: OSError.
    """
    program = _held(fence, command[0])
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, fence.file_bytes)
    seccomp.allow_no_privileges()
    if version := landlock.abi():
        landlock.restrict(fence, version)
    privileges.give_up()
    if seccomp.supported():
        machine = os.uname().machine
        seccomp.restrict(seccomp.program(fence, machine, os.getpid(), program))
        if not fence.starts_others:
            _executed(program, command, machine)
    os.execv(command[0], list(command))  # noqa: S606 - an argument list from the worker itself


def limit(which: int, most: int) -> None:
    """Set a resource limit for good, to `most` or to what it is already, if that is less."""
    _, hard = resource.getrlimit(which)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))


def _held(fence: Fence, path: str) -> int:
    """The program's file, open under a number that this process can never open again.

    The filter allows to execute this number alone. It closes when it is executed, and all later
    descriptors are below the limit: so nothing is executed twice. Raises: OSError.
    """
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = fence.descriptors if hard == resource.RLIM_INFINITY else min(fence.descriptors, hard - 1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most + 1, most + 1))
    held = os.dup2(opened, most, inheritable=False)
    os.close(opened)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return held


def _executed(program: int, command: Sequence[str], machine: str) -> None:
    """execveat(2) of a descriptor, which neither Python nor every libc has. Raises: OSError."""
    call = number("execveat", machine)
    libc = ctypes.CDLL(None, use_errno=True)
    pairs = [name + b"=" + value for name, value in os.environb.items()]
    libc.syscall(
        ctypes.c_long(call or 0), ctypes.c_long(program), b"", _strings(map(os.fsencode, command)),
        _strings(pairs), ctypes.c_long(seccomp.EMPTY_PATH),
    )  # fmt: skip
    why = ctypes.get_errno()
    raise OSError(why, os.strerror(why))


def _strings(each: Iterable[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    """A null-terminated array of C strings."""
    values = list(each)
    return (ctypes.c_char_p * (len(values) + 1))(*values, None)
