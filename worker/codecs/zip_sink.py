"""A file for `zipfile` to write to, which returns to each entry's header once its data is there.

A file of the system is written and sought for each of those steps, which took two thirds of the
time of a small zip.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO, Final

MOST: Final = 1 << 20
"""Bytes that are held; larger entries are passed on without a copy."""


class ZipSink(io.RawIOBase):
    """Holds the last bytes written, to return to them; `file` gets them at the latest on `close`.

    Write to nothing else of `file` meanwhile. It is not closed.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._begin = 0
        self._held = io.BytesIO()

    def writable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Write all of it at the position. Raises: OSError."""
        size = len(data)
        if self._held.tell() + size <= MOST:
            return self._held.write(data)
        self.flush()
        self._file.write(data)
        self._begin += size
        return size

    def tell(self) -> int:
        """The position from the start of the file."""
        return self._begin + self._held.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to `offset` from the start. Raises: OSError."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the start")
        within = offset - self._begin
        if 0 <= within <= self._held.getbuffer().nbytes:
            self._held.seek(within)
        else:
            self.flush()
            self._begin = self._file.seek(offset)
        return offset

    def flush(self) -> None:
        """Pass on what is held. Raises: OSError."""
        at = self.tell()
        self._file.write(self._held.getbuffer())
        if at != self._begin + self._held.getbuffer().nbytes:
            self._file.seek(at)
        self._begin, self._held = at, io.BytesIO()
