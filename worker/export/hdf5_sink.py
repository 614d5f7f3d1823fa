"""A file for HDF5 that never reports a failed write to the library.

After a failed write (HDF5 2.0, full disk) the file cannot be closed and the process crashes at
exit. This file therefore keeps data that the disk rejects in memory, where HDF5 can read it back,
and records the error in `refused`.
"""

from __future__ import annotations

import io
import os
from pathlib import Path


class Hdf5Sink(io.RawIOBase):
    """A new file for h5py's driver "fileobj". Raises: OSError, if it cannot be created."""

    def __init__(self, path: Path) -> None:
        self.refused: OSError | None = None
        """The first failed write, if any; the file is then incomplete and must be discarded."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self._place = 0
        self._kept: list[tuple[int, bytes]] = []

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset; the end of the file includes data kept in memory."""
        if whence == os.SEEK_END:
            ends = [start + len(data) for start, data in self._kept]
            offset += max(os.fstat(self._file).st_size, *ends, 0)
        elif whence == os.SEEK_CUR:
            offset += self._place
        self._place = offset
        return offset

    def tell(self) -> int:
        """The current offset."""
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # of these
        """Fill the buffer; bytes that were never written read as 0."""
        view = memoryview(buffer)
        data = os.pread(self._file, len(view), self._place)
        view[:] = data.ljust(len(view), b"\0")
        for start, kept in self._kept:
            low = max(start, self._place)
            high = min(start + len(kept), self._place + len(view))
            if low < high:
                view[low - self._place : high - self._place] = kept[low - start : high - start]
        self._place += len(view)
        return len(view)

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]  # only these come
        """Write all of `data` to the disk, or keep it in memory after a failed write."""
        view = memoryview(data)
        try:
            done = 0
            while not self.refused and done < len(view):
                done += os.pwrite(self._file, view[done:], self._place + done)
        except OSError as error:
            self.refused = error
        if self.refused:
            self._kept.append((self._place, bytes(view)))
        self._place += len(view)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file; by default to the current offset."""
        size = self._place if size is None else size
        try:
            os.truncate(self._file, size)
        except OSError as error:
            self.refused = error
        return size

    def close(self) -> None:
        """Close the file; it is complete unless `refused` is set."""
        if not self.closed:
            os.close(self._file)
        super().close()
