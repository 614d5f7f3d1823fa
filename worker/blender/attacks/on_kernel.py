"""Attacks on the kernel and on the machine: what widens what a process may do, or is shared."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import termios
from typing import Tuple

from worker.blender.attacks import syscalls
from worker.blender.attacks.attack import Attack, attack
from worker.blender.attacks.syscalls import AT_FDCWD

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWPID = (
    0x20000, 0x10000000, 0x40000000, 0x20000000,
)  # fmt: skip
IPC_PRIVATE, IPC_RMID = 0, 0
READ_IMPLIES_EXEC = 0x0400000
FIFREEZE = 0xC0045877
PERF_ATTR_BYTES = 128
NOWHERE = b"/no-such-place"


def _closed(name: str, *arguments: syscalls.Argument) -> None:
    os.close(syscalls.call(name, *arguments))


def _mounted() -> None:
    syscalls.call("mount", b"none", b".", b"tmpfs")
    syscalls.call("umount2", b".")


def _shared(get: str, control: str, *size: int) -> None:
    """Make a System V object, then remove it."""
    made = syscalls.call(get, IPC_PRIVATE, *size, 0o600)
    last = (0, IPC_RMID) if get == "semget" else (IPC_RMID,)
    syscalls.library(control, made, *last, None)


def _queue() -> None:
    syscalls.call("mq_open", b"render-worker-attack", os.O_CREAT | os.O_RDWR, 0o600)
    syscalls.library("mq_unlink", b"/render-worker-attack")


def _typed() -> None:
    """Type into a terminal. A child has none, but the kernel looks at the request first."""
    for descriptor in (0, 1, 2):
        fcntl.ioctl(descriptor, termios.TIOCSTI, b"\n")


def _frozen() -> None:
    with open("/proc/self/status", "rb") as file:
        fcntl.ioctl(file, FIFREEZE, 0)


def _personality() -> None:
    before = syscalls.call("personality", 0xFFFFFFFF)
    syscalls.call("personality", READ_IMPLIES_EXEC)
    syscalls.call("personality", before)


def _counted() -> None:
    attributes = (ctypes.c_uint32 * (PERF_ATTR_BYTES // 4))(1, PERF_ATTR_BYTES)  # software event
    _closed("perf_event_open", attributes, 0, -1, -1)


def _ring() -> None:
    parameters = (ctypes.c_uint32 * 30)()
    _closed("io_uring_setup", 1, parameters)


def _map() -> None:
    attributes = (ctypes.c_uint32 * 32)(2, 4, 4, 1)  # an array of one
    _closed("bpf", 0, attributes, ctypes.sizeof(attributes))


ON_KERNEL: Tuple[Attack, ...] = (
    attack("unshare user", "become root of its own",
           lambda _: syscalls.call("unshare", CLONE_NEWUSER)),
    attack("unshare mounts", "have mounts of its own",
           lambda _: syscalls.call("unshare", CLONE_NEWNS)),
    attack("unshare network", "have a network of its own",
           lambda _: syscalls.call("unshare", CLONE_NEWNET)),
    attack("unshare processes", "have processes of its own",
           lambda _: syscalls.call("unshare", CLONE_NEWPID)),
    attack("setns", "join another namespace", lambda _: syscalls.call("setns", -1)),
    attack("mount", "mount a file system", lambda _: _mounted()),
    attack("umount", "unmount its home", lambda _: syscalls.call("umount2", b".")),
    attack("fsopen", "prepare a file system", lambda _: _closed("fsopen", b"tmpfs")),
    attack("fspick", "reconfigure a file system", lambda _: _closed("fspick", AT_FDCWD, b"/")),
    attack("open_tree", "take a mount", lambda _: _closed("open_tree", AT_FDCWD, b"/")),
    attack("move_mount", "move a mount",
           lambda _: syscalls.call("move_mount", AT_FDCWD, NOWHERE, AT_FDCWD, NOWHERE)),
    attack("mount_setattr", "make a mount writable",
           lambda _: syscalls.call("mount_setattr", AT_FDCWD, NOWHERE, 0, bytes(32), 32)),
    attack("pivot_root", "swap the root", lambda _: syscalls.call("pivot_root", b".", b".")),
    attack("chroot", "make its home the root", lambda _: os.chroot(NOWHERE)),
    attack("keyctl", "read the keys of the session", lambda _: syscalls.call("keyctl", 0, -3)),
    attack("add_key", "add a key", lambda _: syscalls.call(
        "add_key", b"user", b"render-worker-attack", b"1", 1, -2)),
    attack("request_key", "find a key", lambda _: syscalls.call(
        "request_key", b"user", b"render-worker-attack", None, 0)),
    attack("bpf", "load a map into the kernel", lambda _: _map()),
    attack("userfaultfd", "handle page faults",
           lambda _: _closed("userfaultfd", os.O_CLOEXEC | 1)),
    attack("io_uring", "ask the kernel by a ring", lambda _: _ring()),
    attack("perf", "count events", lambda _: _counted()),
    attack("inotify", "watch files", lambda _: _closed("inotify_init1")),
    attack("fanotify", "watch file systems", lambda _: _closed("fanotify_init")),
    attack("shared memory", "share memory by System V",
           lambda _: _shared("shmget", "shmctl", 4096)),
    attack("semaphores", "share semaphores by System V",
           lambda _: _shared("semget", "semctl", 1)),
    attack("message queue", "share a queue by System V", lambda _: _shared("msgget", "msgctl")),
    attack("POSIX queue", "share a queue by POSIX", lambda _: _queue()),
    attack("TIOCSTI", "type into the worker's terminal", lambda _: _typed()),
    attack("terminal", "make a terminal", lambda _: os.close(os.open("/dev/ptmx", os.O_RDWR)),
           errno.ENOENT),
    attack("personality", "make its memory executable", lambda _: _personality()),
    attack("init_module", "load a kernel module",
           lambda _: syscalls.call("init_module", None, 0, b"")),
    attack("finit_module", "load a kernel module from a file",
           lambda _: syscalls.call("finit_module", -1, b"")),
    attack("delete_module", "unload a kernel module",
           lambda _: syscalls.call("delete_module", b"no_such_module", os.O_NONBLOCK)),
    attack("kexec", "load another kernel", lambda _: syscalls.call("kexec_load", 0, 0, None, -1)),
    attack("syslog", "read the kernel's log",
           lambda _: syscalls.call("syslog", 3, ctypes.create_string_buffer(16), 16)),
    attack("freeze", "freeze a file system, of a kind that cannot be", lambda _: _frozen()),
    attack("reboot", "reboot, with the wrong magic number",
           lambda _: syscalls.call("reboot", 0, 0, 0)),
    attack("clock", "set the clock, to no time",
           lambda _: syscalls.call("clock_settime", 0, (ctypes.c_int64 * 2)(0, -1))),
    attack("host name", "rename the machine", lambda _: syscalls.call(
        "sethostname", os.uname().nodename.encode(), len(os.uname().nodename.encode()))),
    attack("swapon", "swap to a file", lambda _: syscalls.call("swapon", NOWHERE)),
    attack("acct", "account for processes", lambda _: syscalls.call("acct", NOWHERE)),
    attack("quotactl", "change quotas", lambda _: syscalls.call("quotactl", 0, NOWHERE)),
    attack("I/O ports", "use I/O ports", lambda _: syscalls.call("ioperm", 0x80, 1, 1)),
    attack("I/O level", "use all I/O ports", lambda _: syscalls.call("iopl", 3)),
)  # fmt: skip
