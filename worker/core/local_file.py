"""Writes a file that the user has named."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from worker.core import scratch
from worker.core.errors import StoreFull, UsageError


def write(path: Path, data: bytes) -> None:
    """Write `data` under another name, then rename it, so that what was there stays until then.

    Raises: UsageError; StoreFull, if there is no space.
    """
    path = path.resolve()  # a link stays one
    unfinished = path.with_name(f".{os.getpid()}.part")  # a name may be as long as names can be
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        kind = StoreFull if error.errno in scratch.FULL else UsageError
        raise kind(f"{path} cannot be written: {error.strerror or error}") from error
