"""The worker's scratch folders: always cleaned, also after a kill.

Raw passes, which are bounded, lie in RAM when they fit; downloads, which strangers size, on disk.
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
"""A folder gets its lock and its name at once; one that has neither after so long never will."""
RAM = Path("/dev/shm")  # noqa: S108 - the kernel's RAM disk, used through mkdtemp
RAM_NEEDED = 4 << 30
"""Free bytes that make the RAM disk the default: raw passes of a few objects in flight."""


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
LITTLE = 16 << 20
"""Free bytes with which a file that could not be written was refused for want of room."""


def default_base() -> Path:
    """The RAM disk, if it and what Blender leaves of the memory are large enough, else `disk_base`.

    What lies there counts as the machine's or the cgroup's memory.
    """
    with contextlib.suppress(OSError):
        free = min(shutil.disk_usage(RAM).free, 2 * (1 - memory.SHARE) * memory.total())
        if os.access(RAM, os.W_OK) and free >= RAM_NEEDED:
            return RAM
    return disk_base()


def disk_base() -> Path:
    """The temporary folder ($TMPDIR)."""
    return Path(tempfile.gettempdir())


def full(why: object) -> NodeError:
    """What a scratch folder without room means: the next object would fail there too."""
    return NodeError(f"scratch space is full: {why}; name a larger folder with --scratch")


def is_full(folder: Path) -> bool:
    """Whether there is next to no room left around `folder`."""
    try:
        return shutil.disk_usage(folder).free < LITTLE
    except OSError:
        return False


@contextlib.contextmanager
def scratch(base: Path | None = None) -> Iterator[Path]:
    """A private folder below `base`, removed at the end; removes what killed workers left.

    Its path is absolute: a child works in a folder of its own.

    Raises: NodeError when it cannot be made.
    """
    base = (base or default_base()).absolute()
    try:
        base.mkdir(parents=True, exist_ok=True)
        remove_orphans(base)
        # Locked before it bears the name that `remove_orphans` looks for.
        unnamed = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=base))
        reach(Failpoint.SCRATCH_UNNAMED)
        lock = os.open(unnamed / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = unnamed.rename(base / unnamed.name.removeprefix("."))
    except OSError as error:
        raise NodeError(
            f"no scratch space in {base}: {error.strerror}; name another folder with --scratch"
        ) from error
    try:
        reach(Failpoint.SCRATCH_MADE)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_orphans(base: Path) -> None:
    """Remove scratch folders whose worker is gone.

    A lock tells the living from the dead across containers, where process ids do not.
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
            continue  # its worker lives
        finally:
            os.close(lock)
