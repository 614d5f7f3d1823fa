"""Takes what a child has written out of its reach before anybody reads it."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from pathlib import Path

from worker.core.errors import RenderFailed

BLOCK = 512
"""Bytes of a unit of `st_blocks`, on every file system."""
SLACK = 1 << 20
UNSETTLED = frozenset(
    {errno.EAGAIN, errno.EACCES, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP}
)  # fmt: skip
"""A file is open for writing, or its file system knows no leases."""


def make(raw: Path) -> None:
    """Make the folder `raw` new and empty."""
    _remove(raw)
    raw.mkdir(parents=True)


def take(raw: Path, into: Path) -> None:
    """Move the folder `raw` to `into`, on the same file system, which the child cannot reach.

    A file that the child still has open for writing, or under another name too, is copied, so
    that nothing of what was moved can change. Raises: RenderFailed, if `raw` is no folder.
    """
    make(into)
    try:
        raw.rename(into)
    except FileNotFoundError:
        raise RenderFailed("Blender removed the folder of its raw files") from None
    except OSError as error:  # only a folder can take the place of one
        if error.errno not in {errno.EISDIR, errno.ENOTDIR}:
            raise
        raise RenderFailed("Blender replaced the folder of its raw files") from None
    for path in into.iterdir():
        if stat.S_ISREG(path.lstat().st_mode) and not _is_settled(path):
            _refuse_holes(path)
            copy = path.with_name(f"copy-of-{path.name}"[:255])
            shutil.copyfile(path, copy, follow_symlinks=False)
            copy.replace(path)


def _refuse_holes(path: Path) -> None:
    """A copy would fill them, and the scratch, which may be memory. Raises: RenderFailed."""
    found = path.lstat()
    if found.st_size > found.st_blocks * BLOCK + SLACK:
        raise RenderFailed(f"Blender left a file with holes, {path.name[:80]}, and has it open")


def _is_settled(path: Path) -> bool:
    """Whether nobody can write to the file: the kernel then grants a lease for reading."""
    # Not waiting: the child may hold a lease, where nothing keeps it from that.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_nlink > 1:
            return False
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno not in UNSETTLED:
            raise
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
