"""Writes a file that the user has named."""

from __future__ import annotations

import contextlib
from pathlib import Path

from worker.core import scratch
from worker.core.errors import StoreFull, UsageError


def write(path: Path, data: bytes) -> None:
    """Write `data` under another name, then rename it, so that what was there stays until then.

    Raises: UsageError; StoreFull, if there is no space.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        kind = StoreFull if error.errno in scratch.FULL else UsageError
        raise kind(f"{path} cannot be written: {error.strerror or error}") from error
