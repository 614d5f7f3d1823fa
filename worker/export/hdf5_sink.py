"""A file that takes what HDF5 writes whatever becomes of the disk.

HDF5 does not outlive a write that failed: the file cannot be closed any more, and the process
crashes when it ends (HDF5 2.0, a full disk). So it is never told. What the disk did not take is
kept in memory, for HDF5 to read back, and `refused` says that the file is no good.
"""

from __future__ import annotations

import io
import os
from pathlib import Path


class Hdf5Sink(io.RawIOBase):
    """A new file for h5py's driver "fileobj". Raises: OSError, when it cannot be made."""

    def __init__(self, path: Path) -> None:
        self.refused: OSError | None = None
        """Why the disk did not take something; the file is to be given up soon."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self._place = 0
        self._kept: list[tuple[int, bytes]] = []

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of every file; its end is behind what was kept, too."""
        if whence == os.SEEK_END:
            ends = [start + len(data) for start, data in self._kept]
            offset += max(os.fstat(self._file).st_size, *ends, 0)
        elif whence == os.SEEK_CUR:
            offset += self._place
        self._place = offset
        return offset

    def tell(self) -> int:
        """Where the next byte goes."""
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # of these
        """Fill the buffer; what was never written is 0."""
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
        """Write all of it, or keep it."""
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
        """Cut off or extend."""
        size = self._place if size is None else size
        try:
            os.truncate(self._file, size)
        except OSError as error:
            self.refused = error
        return size

    def close(self) -> None:
        """The file stays, whole unless `refused`."""
        if not self.closed:
            os.close(self._file)
        super().close()
