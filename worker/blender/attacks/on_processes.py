"""Attacks on the worker and on other processes, and attempts to leave the child behind."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import pathlib
import resource
import signal
import socket
import struct
import sys
from typing import Callable, Tuple

from worker.blender.attacks import syscalls
from worker.blender.attacks.attack import Attack, attack
from worker.blender.attacks.reading import own_status, read
from worker.contract.attack_report import Targets

PR_SET_PDEATHSIG, PR_GET_PDEATHSIG = 1, 2
PTRACE_DETACH, PTRACE_SEIZE = 17, 0x4206
CLONE_NEWUSER = 0x10000000
CLONE_ARGS_BYTES = 88
IOPRIO_WHO_PROCESS, IOPRIO_IDLE = 1, 3 << 13
KCMP_FILE = 0
PR_SCHED_CORE, SHARE_TO = 62, 2
FIOSETOWN = 0x8901
KEPT_RIGHTS = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH; Landlock decides about files."""
SHELL = "/bin/sh"


def _pidfd(targets: Targets) -> int:
    return syscalls.call("pidfd_open", targets.worker)


def _signal_by_pidfd(targets: Targets) -> None:
    held = _pidfd(targets)
    try:
        syscalls.call("pidfd_send_signal", held)
    finally:
        os.close(held)


def _file_by_pidfd(targets: Targets) -> None:
    held = _pidfd(targets)
    try:
        os.close(syscalls.call("pidfd_getfd", held, 1))
    finally:
        os.close(held)


def _traced(targets: Targets) -> None:
    syscalls.call("ptrace", PTRACE_SEIZE, targets.worker)
    syscalls.call("ptrace", PTRACE_DETACH, targets.worker)


def _memory(name: str, targets: Targets) -> None:
    """Copy a byte from or to the worker's memory, at an address that is never mapped."""
    byte = ctypes.create_string_buffer(1)
    own = (ctypes.c_uint64 * 2)(ctypes.addressof(byte), 1)
    other = (ctypes.c_uint64 * 2)(1, 1)
    syscalls.call(name, targets.worker, own, 1, other, 1)


def _queued(targets: Targets) -> None:
    info = (ctypes.c_int32 * 32)(0, 0, -1)  # SI_QUEUE, as sigqueue(3) sends it
    syscalls.call("rt_sigqueueinfo", targets.worker, 0, info)


def _limits_of(targets: Targets) -> None:
    resource.prlimit(targets.worker, resource.RLIMIT_CPU)


def _limit_raised(name: str) -> None:
    kind = getattr(resource, name)
    _, most = resource.getrlimit(kind)
    if most == resource.RLIM_INFINITY:
        return  # there is nothing to raise: it came through
    # Not by Python's function, which raises ValueError for EPERM.
    raised = (ctypes.c_uint64 * 2)(most + 1, most + 1)
    syscalls.library("setrlimit", kind, raised)


def _over_limit() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    allowed, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if allowed == resource.RLIM_INFINITY:
        return  # a file may grow for ever: it came through
    held = os.open("large", os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.pwrite(held, b"1", allowed)  # sparse: it takes up a page
    finally:
        os.close(held)
        pathlib.Path("large").unlink()


def _ends_if_child(number: int) -> None:
    """End at once if this is a new process; else wait until it has ended."""
    if number == 0:
        os._exit(0)
    os.waitpid(number, 0)


def _clone3(_: Targets) -> None:
    arguments = (ctypes.c_uint64 * (CLONE_ARGS_BYTES // 8))()
    arguments[4] = signal.SIGCHLD
    _ends_if_child(syscalls.call("clone3", arguments, CLONE_ARGS_BYTES))


def _from_memory(_: Targets) -> None:
    held = os.memfd_create("attack")
    try:
        with pathlib.Path(sys.executable).open("rb") as program:
            os.sendfile(held, program.fileno(), 0, 1 << 30)
        os.execve(held, ["attack", "-c", ""], {})
    finally:
        os.close(held)


def _from_home(_: Targets) -> None:
    script = os.open("program", os.O_CREAT | os.O_WRONLY, 0o700)
    os.write(script, b"#!/bin/sh\n")
    os.close(script)
    os.execv("program", ["program"])


def _on_pipe(attempt: Callable[[int], object]) -> None:
    reading, writing = os.pipe()
    try:
        attempt(reading)
    finally:
        os.close(reading)
        os.close(writing)


def _owned_socket(targets: Targets) -> None:
    one, other = socket.socketpair()
    with one, other:
        fcntl.ioctl(one, FIOSETOWN, struct.pack("=i", targets.worker))


def _leased(_: Targets) -> None:
    held = os.open("leased", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    finally:
        os.close(held)


def _locks(targets: Targets) -> None:
    head, size = ctypes.c_void_p(), ctypes.c_size_t()
    syscalls.call("get_robust_list", targets.worker, ctypes.byref(head), ctypes.byref(size))


def _ruled() -> None:
    """Whether it has rights of root that the sandbox should have taken; see `privileges`."""
    if not int(own_status()["CapEff"], 16) & ~KEPT_RIGHTS:
        raise PermissionError(errno.EPERM, "none is left")


def _outlives(_: Targets) -> None:
    found = ctypes.c_int()
    syscalls.library("prctl", PR_GET_PDEATHSIG, ctypes.byref(found))
    syscalls.library("prctl", PR_SET_PDEATHSIG, 0)
    syscalls.library("prctl", PR_SET_PDEATHSIG, found)


def _same_file(targets: Targets) -> None:
    syscalls.call("kcmp", os.getpid(), targets.worker, KCMP_FILE, 0, 0)


ON_PROCESSES: Tuple[Attack, ...] = (
    attack("worker's environment", "read the worker's environment, which has its credentials",
           lambda t: read(f"/proc/{t.worker}/environ")),
    attack("worker's memory", "read the worker's memory", lambda t: read(f"/proc/{t.worker}/mem")),
    attack("worker's memory map", "read where the worker's memory is",
           lambda t: read(f"/proc/{t.worker}/maps")),
    attack("worker's files", "list the worker's open files",
           lambda t: os.listdir(f"/proc/{t.worker}/fd")),
    attack("worker's command", "read the worker's command line",
           lambda t: read(f"/proc/{t.worker}/cmdline")),
    attack("worker's threads", "list the worker's threads",
           lambda t: os.listdir(f"/proc/{t.worker}/task")),
    attack("worker's file names", "read where the worker's open files lie",
           lambda t: os.readlink(f"/proc/{t.worker}/fd/0")),
    attack("worker's program", "read which program the worker is",
           lambda t: os.readlink(f"/proc/{t.worker}/exe")),
    attack("processes", "list all processes", lambda _: os.listdir("/proc")),
    attack("init's environment", "read the first process's environment",
           lambda _: read("/proc/1/environ"), errno.ENOENT),
    attack("kill", "signal the worker", lambda t: os.kill(t.worker, 0)),
    attack("kill all", "signal every process", lambda _: os.kill(-1, 0)),
    attack("kill init", "signal the first process", lambda _: os.kill(1, 0)),
    attack("tkill", "signal a thread of the worker", lambda t: syscalls.call("tkill", t.worker)),
    attack("tgkill", "signal a thread of the worker by its process",
           lambda t: syscalls.call("tgkill", t.worker, t.worker)),
    attack("rt_sigqueueinfo", "queue a signal to the worker", _queued),
    attack("pidfd_open", "hold the worker", lambda t: os.close(_pidfd(t))),
    attack("pidfd_send_signal", "signal the worker by a descriptor", _signal_by_pidfd),
    attack("pidfd_getfd", "take a file that the worker has open", _file_by_pidfd),
    attack("F_SETOWN", "have the kernel signal the worker when a file is ready",
           lambda t: _on_pipe(lambda end: fcntl.fcntl(end, fcntl.F_SETOWN, t.worker))),
    attack("F_SETSIG", "have the kernel kill when a file is ready",
           lambda _: _on_pipe(lambda end: fcntl.fcntl(end, fcntl.F_SETSIG, 0))),
    attack("FIOSETOWN", "have the kernel signal the worker for a socket", _owned_socket),
    attack("lease", "make the worker wait for a file", _leased),
    attack("ptrace", "trace the worker", _traced),
    attack("process_vm_readv", "copy from the worker's memory",
           lambda t: _memory("process_vm_readv", t)),
    attack("process_vm_writev", "copy into the worker's memory",
           lambda t: _memory("process_vm_writev", t)),
    attack("kcmp", "compare its files with the worker's", _same_file),
    attack("get_robust_list", "read where the worker's locks are in its memory", _locks),
    attack("core scheduling", "choose with whom the worker shares a core", lambda t: (
        syscalls.library("prctl", PR_SCHED_CORE, SHARE_TO, t.worker, 0, 0))),
    attack("prlimit", "read or change the worker's limits", _limits_of),
    attack("setpriority", "change the worker's priority", lambda t: os.setpriority(
        os.PRIO_PROCESS, t.worker, os.getpriority(os.PRIO_PROCESS, t.worker))),
    attack("sched_setaffinity", "change the worker's cores",
           lambda t: os.sched_setaffinity(t.worker, os.sched_getaffinity(t.worker))),
    attack("sched_setscheduler", "change how the worker is scheduled",
           lambda t: os.sched_setscheduler(
               t.worker, os.sched_getscheduler(t.worker), os.sched_getparam(t.worker))),
    attack("ioprio_set", "change the worker's priority for disks",
           lambda t: syscalls.call("ioprio_set", IOPRIO_WHO_PROCESS, t.worker, IOPRIO_IDLE)),
    attack("root's rights", "do what root may, but for files", lambda _: _ruled()),
    attack("core limit", "allow core files", lambda _: _limit_raised("RLIMIT_CORE"),
           errno.EINVAL),
    attack("size limit", "allow larger files", lambda _: _limit_raised("RLIMIT_FSIZE"),
           errno.EINVAL),
    attack("large file", "write a file over the limit", lambda _: _over_limit(), errno.EFBIG),
    attack("PDEATHSIG", "outlive the worker", _outlives),
    attack("setsid", "leave the process group", lambda _: os.setsid()),
    attack("setpgid", "join the worker's process group",
           lambda t: os.setpgid(0, os.getpgid(t.worker))),
    attack("fork", "start a process", lambda _: _ends_if_child(os.fork())),
    attack("clone", "start a process by the raw call",
           lambda _: _ends_if_child(syscalls.call("clone", int(signal.SIGCHLD)))),
    attack("clone into a namespace", "become root of its own",
           lambda _: _ends_if_child(syscalls.call("clone", CLONE_NEWUSER | signal.SIGCHLD))),
    attack("clone3", "start a process by the newest call", _clone3),
    attack("spawn", "start a shell", lambda _: os.waitpid(
        os.posix_spawn(SHELL, [SHELL, "-c", ":"], {}), 0), errno.EAGAIN),
)  # fmt: skip

REPLACING: Tuple[Attack, ...] = (
    attack("exec", "become a shell", lambda _: os.execv(SHELL, [SHELL, "-c", ":"])),
    attack("exec of its own", "become a program that it wrote", _from_home),
    attack("exec from memory", "become a program in memory", _from_memory),
)
"""If one of these comes through, there is nobody left to report it: the report breaks off."""
