"""Test folders in memory: a stalled disk holds an fsync for longer than a stopped worker has."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from worker.core.scratch import RAM

NEEDED = 1 << 30
"""Free bytes, of which a test takes a few million."""


@contextlib.contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """A folder on the RAM disk, gone with the block; `otherwise` where it cannot be there."""
    if not _usable():
        yield otherwise
        return
    # Not named as workers' own, who clear those away; what a cancelled one has running may write
    # for a moment yet.
    with tempfile.TemporaryDirectory(
        dir=RAM, prefix="cluster-test-", ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _usable() -> bool:
    """Whether programs run and device nodes open there, and there is room."""
    if not RAM.is_mount():
        return False
    disk = os.statvfs(RAM)
    forbidden = disk.f_flag & (os.ST_NOEXEC | os.ST_NODEV)
    return not forbidden and disk.f_bavail * disk.f_frsize >= NEEDED
