"""Opening a file below a folder although others may replace names there by links meanwhile."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, a FIFO in the file's place would be waited for.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def open_beneath(folder: Path, path: str) -> BinaryIO:
    """Open the regular file at `path`, relative to `folder`; both are real paths, without links.

    Each part of `path` is opened in the folder before it, and none is followed if it is a link. So
    what is opened lies below `folder` whatever is replaced after the paths were resolved.

    Raises: OSError, with ELOOP or ENOTDIR for a link, EINVAL for what is not a regular file.
    """
    *parents, name = PurePosixPath(path).parts
    at = os.open(folder, _FOLDER)
    try:
        for part in parents:
            inner = os.open(part, _FOLDER, dir_fd=at)
            os.close(at)
            at = inner
        file = os.open(name, _FILE, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(file, "rb")
