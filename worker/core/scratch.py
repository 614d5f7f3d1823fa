"""The worker's scratch folders; those of a killed worker are removed by a later one.

Raw passes have a known size and go to RAM if they fit. Downloads may have any size and go to disk.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from worker.core import memory
from worker.core.errors import NodeError
from worker.core.failpoints import Failpoint, reach

PREFIX = "render-worker-"
LOCK = "lock"
UNNAMED_S = 3600.0
"""A folder is locked and renamed right after its creation; an older unnamed one is an orphan."""
RAM = Path("/dev/shm")  # noqa: S108 - the kernel's RAM disk, used through mkdtemp
RAM_NEEDED = 4 << 30
"""Free bytes from which on the RAM disk is the default: enough for the raw passes in progress."""


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
LITTLE = 16 << 20
"""With fewer free bytes than this, a failed write is blamed on a full disk."""


def default_base() -> Path:
    """The RAM disk if it and the memory left over by Blender are large enough, else `disk_base`.

    Files on the RAM disk count as memory of the machine and the cgroup.
    """
    with contextlib.suppress(OSError):
        free = min(shutil.disk_usage(RAM).free, 2 * (1 - memory.SHARE) * memory.own())
        if os.access(RAM, os.W_OK) and free >= RAM_NEEDED:
            return RAM
    return disk_base()


def disk_base() -> Path:
    """The temporary folder ($TMPDIR)."""
    return Path(tempfile.gettempdir())


def full(why: object) -> NodeError:
    """The error for a full scratch folder: a NodeError, because the next object would fail too."""
    return NodeError(f"scratch space is full: {why}; choose a larger folder with --scratch")


def is_full(folder: Path) -> bool:
    """Whether the file system of `folder` has fewer than LITTLE free bytes."""
    try:
        return shutil.disk_usage(folder).free < LITTLE
    except OSError:
        return False


def refuse_full(folder: Path, why: object) -> None:
    """Raises: NodeError, if the file system of `folder` is full: that may be `why` work failed."""
    if is_full(folder):
        raise full(why)


@contextlib.contextmanager
def scratch(base: Path | None = None) -> Iterator[Path]:
    """Create a private folder below `base`, and remove it at the end.

    Also removes the folders of workers that were killed. The path is absolute, because a child
    has another working directory.

    Raises: NodeError, if the folder cannot be created.
    """
    base = (base or default_base()).absolute()
    try:
        base.mkdir(parents=True, exist_ok=True)
        remove_orphans(base)
        # Locked before it gets the name that `remove_orphans` looks for.
        unnamed = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=base))
        reach(Failpoint.SCRATCH_UNNAMED)
        lock = os.open(unnamed / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = unnamed.rename(base / unnamed.name.removeprefix("."))
    except OSError as error:
        raise NodeError(
            f"no scratch space in {base}: {error.strerror}; choose another folder with --scratch"
        ) from error
    try:
        reach(Failpoint.SCRATCH_MADE)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_orphans(base: Path) -> None:
    """Remove the scratch folders below `base` whose worker has ended.

    A worker holds a lock on its folder. Unlike a process id, the lock is also valid in other
    containers.
    """
    for folder in base.glob(f".{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > UNNAMED_S:
                shutil.rmtree(folder, ignore_errors=True)
    for folder in base.glob(f"{PREFIX}*"):
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # its worker is running
        finally:
            os.close(lock)
