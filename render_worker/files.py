"""What the readers need of a place: files that are listed by key and read by range."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, Protocol


class Entry(NamedTuple):
    """A file of a store: its key, relative to the place, and its size in bytes."""

    key: str
    size: int


class File(Protocol):
    """A file that is read by range."""

    name: str
    """For messages."""

    def size(self) -> int:
        """Its size in bytes. Raises: PlaceError."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`, fewer than `length` only at the end. Raises: PlaceError."""
        ...


class Store(Protocol):
    """A place with files under keys, such as "renders/<uid>.zip"."""

    place: str
    at_once: int
    """How many files are best read at the same time: 1 of a disk."""

    def list(self, prefix: str, *, deep: bool = True) -> Iterator[Entry]:
        """All files whose key starts with `prefix`, in key order; not `deep`: up to the next "/".

        Raises: PlaceError.
        """
        ...

    def read(self, key: str, limit: int) -> bytes | None:
        """A whole file, or None if there is none. Raises: PlaceError, also above `limit` bytes."""
        ...

    def file(self, key: str) -> File:
        """A file to read by range, whether it exists or not."""
        ...

    def stream(self, key: str) -> BinaryIO:
        """A file to read once from its start. Raises: PlaceError."""
        ...


class Raw(io.RawIOBase):
    """A `File` as a stream with a position; its bytes from `start` on are read once."""

    def __init__(self, file: File, start: int) -> None:
        self._file = file
        self._start = start
        self._size = file.size()
        self._tail = file.read(start, self._size - start)
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, as `io.IOBase.seek`."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: None}[whence]
        self._at = max(0, (self._size if start is None else start) + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`. Raises: PlaceError."""
        view = memoryview(buffer).cast("B")
        if self._at < self._start:
            data = self._file.read(self._at, len(view))
        else:
            data = self._tail[self._at - self._start :][: len(view)]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
