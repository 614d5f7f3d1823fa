"""Attacks on files that are not the child's own."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from pathlib import Path
from typing import Tuple

from worker.blender.attacks import syscalls
from worker.blender.attacks.attack import Attack, attack
from worker.blender.attacks.reading import read
from worker.blender.attacks.syscalls import AT_FDCWD
from worker.contract.attack_report import Targets

CROSSED = errno.EXDEV
"""Landlock's answer to a link or a rename from one folder into another."""
HANDLE_BYTES = 128
SHARED = "render-worker-attack"
"""A file that is removed at once, should it come to be."""
OWN = "own-file"
"""A file of the child's own, in its home, the working directory."""


def _secret(targets: Targets) -> str:
    return f"{targets.outside}/secret"


def _victim(targets: Targets) -> str:
    return f"{targets.outside}/victim"


def _new(targets: Targets) -> str:
    return f"{targets.outside}/new"


def _opened(path: str, flags: int) -> None:
    os.close(os.open(path, flags, 0o600))


def _own() -> str:
    Path(OWN).write_bytes(b"own")
    return OWN


def _created(path: str, flags: int = 0) -> None:
    _opened(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | flags)
    Path(path).unlink()


def _through_link(targets: Targets) -> None:
    with contextlib.suppress(FileNotFoundError):
        Path("link").unlink()
    Path("link").symlink_to(_secret(targets))
    read("link")


def _below_path_descriptor(targets: Targets) -> None:
    folder = os.open(targets.outside, os.O_PATH)
    try:
        os.close(os.open("secret", os.O_RDONLY, dir_fd=folder))
    finally:
        os.close(folder)


def _reopened(targets: Targets) -> None:
    found = os.open(_secret(targets), os.O_PATH)
    try:
        read(f"/proc/self/fd/{found}")
    finally:
        os.close(found)


def _by_openat2(targets: Targets) -> None:
    how = (ctypes.c_uint64 * 3)(os.O_RDONLY, 0, 0)
    os.close(
        syscalls.call("openat2", AT_FDCWD, os.fsencode(_secret(targets)), how, ctypes.sizeof(how))
    )


def _by_handle(targets: Targets) -> None:
    handle = (ctypes.c_uint32 * (2 + HANDLE_BYTES // 4))(HANDLE_BYTES)
    mount = ctypes.c_int()
    syscalls.call(
        "name_to_handle_at", AT_FDCWD, os.fsencode(_secret(targets)), handle, ctypes.byref(mount), 0
    )
    base = os.open(".", os.O_RDONLY)
    try:
        os.close(syscalls.call("open_by_handle_at", base, handle, os.O_RDONLY))
    finally:
        os.close(base)


def _mode_by_descriptor(targets: Targets) -> None:
    found = os.open(f"{targets.granted}/model", os.O_RDONLY)
    try:
        os.fchmod(found, 0o777)
    finally:
        os.close(found)


def _device(kind: int, major: int, minor: int) -> None:
    os.mknod("device", kind | 0o600, os.makedev(major, minor))
    Path("device").unlink()


ON_FILES: Tuple[Attack, ...] = (
    attack("read", "read a file outside", lambda t: read(_secret(t))),
    attack("list", "list a folder outside", lambda t: os.listdir(t.outside)),
    attack("open to write", "open a file outside to write",
           lambda t: _opened(_victim(t), os.O_RDWR)),
    attack("append", "open a file outside to append",
           lambda t: _opened(_victim(t), os.O_WRONLY | os.O_APPEND)),
    attack("open and truncate", "empty a file outside while opening it",
           lambda t: _opened(_victim(t), os.O_WRONLY | os.O_TRUNC)),
    attack("truncate", "empty a file outside", lambda t: os.truncate(_victim(t), 0)),
    attack("create", "create a file outside", lambda t: _created(_new(t))),
    attack("nameless file", "create a file without a name outside",
           lambda t: _opened(t.outside, os.O_TMPFILE | os.O_WRONLY)),
    attack("mkdir", "make a folder outside", lambda t: os.mkdir(_new(t))),
    attack("rmdir", "remove a folder outside", lambda t: os.rmdir(f"{t.outside}/empty")),
    attack("unlink", "delete a file outside", lambda t: os.unlink(_victim(t))),
    attack("symlink outside", "leave a link outside", lambda t: os.symlink("secret", _new(t))),
    attack("rename out", "move its own file out", lambda t: os.rename(_own(), _new(t)), CROSSED),
    attack("rename in", "move a file from outside into its home",
           lambda t: os.rename(_victim(t), "moved"), CROSSED),
    attack("link in", "link a file outside into its home",
           lambda t: os.link(_victim(t), "linked"), CROSSED),
    attack("link out", "link its own file outside", lambda t: os.link(_own(), _new(t)), CROSSED),
    attack("chmod", "change the mode of a file outside", lambda t: os.chmod(_victim(t), 0o777)),
    attack("fchmod", "change the mode of a file that it may read", _mode_by_descriptor),
    attack("fchmodat2", "change a mode with the newest call", lambda t: syscalls.call(
        "fchmodat2", AT_FDCWD, os.fsencode(_victim(t)), 0o777, 0)),
    attack("chown", "change the owner of a file outside",
           lambda t: os.chown(_victim(t), os.getuid(), os.getgid())),
    attack("utime", "change the times of a file outside", lambda t: os.utime(_victim(t), (0, 0))),
    attack("setxattr", "set an attribute of a file outside",
           lambda t: os.setxattr(_victim(t), "user.attack", b"1")),
    attack("removexattr", "remove an attribute of a file outside",
           lambda t: os.removexattr(_victim(t), "user.attack")),
    attack("through a link", "read a file outside through a link of its own", _through_link),
    attack("/proc/self/root", "read a file outside by another root",
           lambda t: read(f"/proc/self/root{_secret(t)}")),
    attack("/proc/self/cwd", "read a file outside upwards from its home", lambda t: read(
        f"/proc/self/cwd/{os.path.relpath(os.path.realpath(_secret(t)))}")),
    attack("/proc/self/..", "read the worker's environment upwards from its own folder",
           lambda t: read(f"/proc/self/../{t.worker}/environ")),
    attack("O_PATH folder", "open a file below a folder opened with O_PATH",
           _below_path_descriptor),
    attack("O_PATH file", "reopen a file opened with O_PATH", _reopened),
    attack("openat2", "read a file outside with the newest call", _by_openat2),
    attack("by handle", "open a file outside by its handle", _by_handle,
           errno.EOPNOTSUPP, errno.ESTALE),
    attack("write where it may read", "open a model to write",
           lambda t: _opened(f"{t.granted}/model", os.O_RDWR)),
    attack("create where it may read", "create a file beside a model",
           lambda t: _created(f"{t.granted}/new")),
    attack("/tmp", "create a file in /tmp", lambda _: _created(f"/tmp/{SHARED}")),
    attack("/dev/shm", "create a file in shared memory",
           lambda _: _created(f"/dev/shm/{SHARED}")),
    attack("passwords", "read /etc/shadow", lambda _: read("/etc/shadow"), errno.ENOENT),
    attack("block device", "make a block device", lambda _: _device(stat.S_IFBLK, 7, 0)),
    attack("character device", "make a device of the kernel's memory",
           lambda _: _device(stat.S_IFCHR, 1, 1)),
    attack("kernel memory", "read /dev/mem", lambda _: _opened("/dev/mem", os.O_RDONLY),
           errno.ENOENT),
    attack("core pattern", "open the kernel's core pattern to write",
           lambda _: _opened("/proc/sys/kernel/core_pattern", os.O_WRONLY)),
    attack("sysrq", "open the kernel's emergency keys to write",
           lambda _: _opened("/proc/sysrq-trigger", os.O_WRONLY), errno.ENOENT),
    attack("cgroup", "open its cgroup's processes to write",
           lambda _: _opened("/sys/fs/cgroup/cgroup.procs", os.O_WRONLY), errno.ENOENT),
    attack("oom_score_adj", "escape the kernel's killing for memory",
           lambda _: Path("/proc/self/oom_score_adj").write_text("-1000")),
)  # fmt: skip
