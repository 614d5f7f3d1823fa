"""Where an output lies: a folder or an S3 bucket. Files are read by range, nothing is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from render_worker.errors import PlaceError
from render_worker.files import Entry, File, Store
from render_worker.s3 import SCHEME, Bucket, S3Options


class DiskFile:
    """A file on disk, opened for each read.

    So a list of many objects holds no file open, and processes forked by a DataLoader do not share
    a position.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        """Its path."""

    def size(self) -> int:
        """Its size in bytes. Raises: PlaceError."""
        try:
            return Path(self.name).stat().st_size
        except OSError as error:
            raise _unreadable(self.name, error) from error

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`, fewer than `length` only at the end. Raises: PlaceError."""
        try:
            descriptor = os.open(self.name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return os.pread(descriptor, length, offset)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unreadable(self.name, error) from error


class Folder:
    """A folder on disk."""

    at_once = 1

    def __init__(self, path: Path) -> None:
        self.place = str(path)
        self._path = path

    def list(self, prefix: str, *, deep: bool = True) -> Iterator[Entry]:
        """All files whose key starts with `prefix`, in key order; not `deep`: up to the next "/".

        Raises: PlaceError.
        """
        folder, _, start = prefix.rpartition("/")
        try:
            found = sorted(self._found(self._path / folder if folder else self._path, deep))
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unreadable(self._path, error) from error
        for key, size in found:
            if key.rpartition("/")[2].startswith(start) or not start:
                yield Entry(key, size)

    def _found(self, folder: Path, deep: bool) -> Iterator[Entry]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if deep:
                        yield from self._found(Path(entry.path), deep)
                elif entry.is_file():
                    key = Path(entry.path).relative_to(self._path).as_posix()
                    yield Entry(key, entry.stat().st_size)

    def read(self, key: str, limit: int) -> bytes | None:
        """A whole file, or None if there is none. Raises: PlaceError, also above `limit` bytes."""
        path = self._path / key
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        if len(data) > limit:
            raise PlaceError(f"{path} has more than {limit >> 20} MB")
        return data

    def file(self, key: str) -> File:
        """A file to read by range, whether it exists or not."""
        return DiskFile(self._path / key)

    def stream(self, key: str) -> BinaryIO:
        """A file to read once from its start. Raises: PlaceError."""
        path = self._path / key
        try:
            return path.open("rb")
        except OSError as error:
            raise _unreadable(path, error) from error


def open_store(place: str, options: S3Options) -> Store:
    """The store at `place`, a folder or ``s3://bucket/prefix``. Raises: PlaceError."""
    if place.startswith(SCHEME):
        return Bucket(place, options)
    path = Path(place).expanduser()
    if not path.is_dir():
        raise PlaceError(f"{place} does not exist" if not path.exists() else f"{place} is a file")
    return Folder(path)


def _unreadable(path: Path | str, error: OSError) -> PlaceError:
    return PlaceError(f"cannot read {path}: {error.strerror or error}")
