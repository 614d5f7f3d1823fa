"""The system calls that a child may not make, as a seccomp filter.

Landlock decides about files; this refuses what Landlock does not know: the network, other
processes, attributes of files, and parts of the kernel that no renderer needs.
"""

from __future__ import annotations

import ctypes
import os
import struct
from errno import EACCES, ENOSYS, EPERM
from typing import Final

from worker.supervisor.fence import bpf
from worker.supervisor.fence.bpf import Test
from worker.supervisor.fence.policy import Fence
from worker.supervisor.fence.syscalls import AUDIT_ARCHES, NUMBERS, X32_BIT, number

PR_SET_NO_NEW_PRIVS: Final = 38
PR_SET_SECCOMP: Final = 22
MODE_FILTER: Final = 2
PR_GET_SECCOMP: Final = 21

AF_UNIX: Final = 1
CLONE_THREAD: Final = 0x00010000
NEW_NAMESPACES: Final = 0x7E020080
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME."""
TERMINAL_INPUT: Final = (0x5412, 0x541C)
"""TIOCSTI, TIOCLINUX: type for somebody else."""
FILE_FLAGS: Final = (0x40086602, 0x401C5820)
"""FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR: files that root itself cannot remove, for example."""
FILE_OWNERS: Final = (0x8901, 0x8902)
"""FIOSETOWN, SIOCSPGRP: whom the kernel signals when a file is ready."""
OF_OTHERS: Final = (8, 10, 15, 1024)
"""Of fcntl: F_SETOWN, F_SETSIG, F_SETOWN_EX, which signal anybody of the same user (before Landlock
ABI 6); F_SETLEASE, which makes those wait who open the file, the worker too."""
LASTING: Final = (1, 4, 22, 35, 36, 62)
"""Of prctl: PR_SET_PDEATHSIG, _DUMPABLE, _SECCOMP, _MM, _CHILD_SUBREAPER, PR_SCHED_CORE."""
ASK_PERSONALITY: Final = 0xFFFFFFFF
EMPTY_PATH: Final = 0x1000
"""AT_EMPTY_PATH: execveat executes the descriptor itself."""
O_TRUNC_AND_MODE: Final = os.O_TRUNC | os.O_ACCMODE

FALLS_BACK: Final = frozenset({"clone3", "openat2"})
"""Their arguments are in memory, which a filter cannot read; after ENOSYS, callers use others."""
STARTS_OTHERS: Final = frozenset(
    {"fork", "vfork", "clone", "execve", "execveat", "kill", "tgkill", "rt_sigqueueinfo",
     "rt_tgsigqueueinfo"}
)  # fmt: skip
"""What a script and the programs that it starts need."""


def rules(fence: Fence, pid: int, executed: int) -> dict[str, tuple[Test, ...]]:
    """The tests that each call must pass; a call with none is always refused.

    executed: the descriptor that may be executed. The calls of NUMBERS are all named here.
    """
    own = (Test(0, (pid,)),)
    tests: dict[str, tuple[Test, ...]] = {
        "clone": (
            Test(0, (0,), CLONE_THREAD, negated=True),
            Test(0, (0,), NEW_NAMESPACES),
        ),
        "execveat": (Test(0, (executed,)), Test(4, (EMPTY_PATH,))),
        "kill": own,
        "tgkill": own,
        "rt_sigqueueinfo": own,
        "rt_tgsigqueueinfo": own,
        "prlimit64": (Test(0, (0, pid)), Test(2, (0,)), Test(2, (0,), high=True)),
        "socketpair": (Test(0, (AF_UNIX,)),),
        "sendto": (Test(4, (0,)), Test(4, (0,), high=True)),
        "ioctl": (Test(1, (*TERMINAL_INPUT, *FILE_FLAGS, *FILE_OWNERS), negated=True),),
        "fcntl": (Test(1, OF_OTHERS, negated=True),),
        "sched_setaffinity": (Test(0, (0, pid)),),
        "prctl": (Test(0, LASTING, negated=True),),
        "personality": (Test(0, (ASK_PERSONALITY,)),),
        # Below ABI 3, Landlock lets who may read a file truncate it.
        "open": (Test(1, (os.O_TRUNC | os.O_RDONLY,), O_TRUNC_AND_MODE, negated=True),),
        "openat": (Test(2, (os.O_TRUNC | os.O_RDONLY,), O_TRUNC_AND_MODE, negated=True),),
    }
    if fence.unix_sockets:
        tests["socket"] = (Test(0, (AF_UNIX,)),)
    names = NUMBERS.keys() - (STARTS_OTHERS if fence.starts_others else frozenset())
    return {name: tests.get(name, ()) for name in sorted(names)}


def program(fence: Fence, machine: str, pid: int, executed: int) -> bytes:
    """The filter for the process `pid` on a `machine` of AUDIT_ARCHES; see `rules`."""
    filter_ = bpf.start(AUDIT_ARCHES[machine], X32_BIT, bpf.errno(ENOSYS))
    for name, tests in rules(fence, pid, executed).items():
        call = number(name, machine)
        if call is None:
            continue
        refusal = ENOSYS if name in FALLS_BACK else EACCES if name.startswith("open") else EPERM
        filter_ += bpf.rule(call, tests, bpf.errno(refusal))
    return bpf.packed([*filter_, (bpf.RETURN, 0, 0, bpf.ALLOW)])


def supported() -> bool:
    """Whether this kernel has filters, for a machine whose system calls are known."""
    return os.uname().machine in AUDIT_ARCHES and _libc().prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def restrict(filter_: bytes) -> None:
    """Filter the system calls of this thread, for good; needs no_new_privs. Raises: OSError."""
    held = ctypes.create_string_buffer(filter_, len(filter_))
    program_ = struct.pack("HxxxxxxP", len(filter_) // 8, ctypes.addressof(held))
    _checked(_libc().prctl(PR_SET_SECCOMP, MODE_FILTER, program_, 0, 0), "seccomp")


def allow_no_privileges() -> None:
    """Set no_new_privs: nothing that is executed gains rights. Raises: OSError."""
    _checked(_libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def _checked(result: int, what: str) -> None:
    if result != 0:
        why = ctypes.get_errno()
        raise OSError(why, f"{what}: {os.strerror(why)}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
