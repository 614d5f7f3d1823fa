"""System calls that Python has no function for, by name.

Numbers: Linux, arch/x86/entry/syscalls/syscall_64.tbl and scripts/syscall.tbl (arm64).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from typing import Dict

_SHARED = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fspick": 433, "pidfd_open": 434, "clone3": 435, "openat2": 437,
    "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "process_mrelease": 448,
    "fchmodat2": 452, "setxattrat": 463,
}  # fmt: skip
_X86_64 = {
    "shmget": 29, "socket": 41, "clone": 56, "fork": 57, "semget": 64, "msgget": 68, "ptrace": 101,
    "syslog": 103, "rt_sigqueueinfo": 129, "personality": 135, "sched_setscheduler": 144,
    "pivot_root": 155, "acct": 163, "mount": 165, "umount2": 166, "swapon": 167, "reboot": 169,
    "sethostname": 170, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176,
    "tkill": 200, "clock_settime": 227, "tgkill": 234, "mq_open": 240, "kexec_load": 246,
    "add_key": 248, "request_key": 249, "keyctl": 250, "ioprio_set": 251, "migrate_pages": 256,
    "unshare": 272, "move_pages": 279, "inotify_init1": 294, "perf_event_open": 298,
    "fanotify_init": 300, "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308,
    "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "finit_module": 313,
    "bpf": 321, "execveat": 322, "userfaultfd": 323, "quotactl": 179,
    "get_robust_list": 274,
}  # fmt: skip
_AARCH64 = {
    "inotify_init1": 26, "ioprio_set": 30, "umount2": 39, "mount": 40, "pivot_root": 41,
    "quotactl": 60, "acct": 89, "personality": 92, "unshare": 97, "kexec_load": 104,
    "init_module": 105, "delete_module": 106, "clock_settime": 112, "syslog": 116, "ptrace": 117,
    "sched_setscheduler": 119, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138, "reboot": 142,
    "sethostname": 161, "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194, "socket": 198,
    "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "swapon": 224,
    "migrate_pages": 238, "move_pages": 239, "perf_event_open": 241, "fanotify_init": 262,
    "name_to_handle_at": 264, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
    "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "bpf": 280, "execveat": 281,
    "userfaultfd": 282, "get_robust_list": 100,
}  # fmt: skip
NUMBERS: Dict[str, int] = {
    **_SHARED,
    **{"x86_64": _X86_64, "aarch64": _AARCH64}.get(platform.machine(), {}),
}
X32 = 0x40000000
"""Added to a number on x86-64, it asks for the same call with 32-bit pointers."""
AT_FDCWD = -100
"""In place of a folder's descriptor: the working directory."""
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long

Argument = object  # an int, bytes, None, or anything of ctypes that can be passed


def call(name: str, *arguments: Argument) -> int:
    """Make a system call; missing arguments are 0. Raises: OSError; ENOSYS if it has no number."""
    if name not in NUMBERS:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), name)
    return numbered(NUMBERS[name], *arguments)


def numbered(number: int, *arguments: Argument) -> int:
    """Make the system call of this number. Raises: OSError."""
    passed = [
        ctypes.c_long(each) if isinstance(each, int) else each for each in (*arguments, *[0] * 6)
    ][:6]
    ctypes.set_errno(0)
    done: int = _LIBC.syscall(ctypes.c_long(number), *passed)
    if done == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(number))
    return done


def library(name: str, *arguments: Argument) -> int:
    """Call a function of the C library that returns -1 and errno. Raises: OSError."""
    ctypes.set_errno(0)
    done: int = getattr(_LIBC, name)(*arguments)
    if done == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)
    return done
