"""Entries of zip and tar archives, one by one, without trusting their headers."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from worker.contract import git_lfs
from worker.core.deadline import Deadline
from worker.core.errors import ImportFailed, TooLarge
from worker.core.transfer import CHUNK, check_size

MAX_ENTRIES = 20_000
MAX_DIRECTORY = 16 << 20
"""Bytes of a zip's central directory: `zipfile` reads all of it, some 100 bytes an entry."""
MAX_HEADER = 1 << 20
"""Bytes of one tar header; a longer one is an attempt to fill memory."""

BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, struct.error,
    NotImplementedError, UnicodeError, ValueError, OverflowError, RuntimeError,
)  # fmt: skip
"""What the standard library raises on a broken archive."""


class ArchiveEntry(NamedTuple):
    """One entry: its name as written, its declared size, and a function that opens it."""

    name: str
    size: int
    is_file: bool
    open: Callable[[], IO[bytes]]
    mode: int = 0
    """Unix permissions, of a tar's entry."""


def entries(
    archive: Path, name: str, max_bytes: int, most: int | None = None
) -> Iterator[ArchiveEntry]:
    """The entries of the archive at `archive`, called `name`, in the archive's order.

    most: how many it may have; by default MAX_ENTRIES.

    Raises: ImportFailed, TooLarge, and what is in BROKEN.
    """
    most = MAX_ENTRIES if most is None else most
    read = _tar if name.lower().endswith((".tar", ".tar.gz", ".tgz")) else _zip
    for count, entry in enumerate(read(archive, name, max_bytes, most), start=1):
        if count > most:
            raise TooLarge(f"{name}: more than {most:,} entries")
        yield entry


def copy(entry: ArchiveEntry, file: IO[bytes], room: int, deadline: Deadline) -> int:
    """Write an entry's content to `file`; returns its size, whatever its header says.

    Raises: TooLarge, for more than `room` bytes; Download, after the deadline; what is in BROKEN.
    """
    size = 0
    with entry.open() as source:
        while chunk := source.read(CHUNK):
            deadline.left()
            size += len(chunk)
            check_size(size, room)
            file.write(chunk)
    return size


def _zip(archive: Path, name: str, _max_bytes: int, _most: int) -> Iterator[ArchiveEntry]:
    _check_directory(archive, name)
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if info.flag_bits & 0x1:
                raise ImportFailed(f"{name}: {info.filename!r} is encrypted")
            # The upper half is a Unix mode if the archive was made on Unix, otherwise 0.
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = kind in {0, stat.S_IFREG} and not info.filename.endswith("/")
            yield ArchiveEntry(info.filename, info.file_size, plain, _zip_opener(opened, info))


def _zip_opener(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: opened.open(info)


def _check_directory(archive: Path, name: str) -> None:
    """Check the central directory's size before `zipfile` makes an object per entry."""
    with archive.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 22 - 0xFFFF - 76))
        tail = file.read()
        at = len(tail) - 22
        if tail[at : at + 4] != b"PK\5\6" or tail[-2:] != b"\0\0":
            at = tail.rfind(b"PK\5\6")
        if at < 0 or at + 22 > len(tail):
            file.seek(0)
            is_pointer = file.read(len(git_lfs.MARK)) == git_lfs.MARK
            raise ImportFailed(
                f"{name}: {git_lfs.REMEDY if is_pointer else 'not a zip, or truncated'}"
            )
        (size,) = struct.unpack_from("<L", tail, at + 12)
        if at >= 76 and tail[at - 20 : at - 16] == b"PK\6\7":  # noqa: PLR2004 - zip64's locator
            # Versions of Python differ in where they look for zip64's record: where the locator
            # says, or right before it.
            (where,) = struct.unpack_from("<Q", tail, at - 20 + 8)
            file.seek(min(where, end))
            for record in (file.read(56), tail[at - 76 : at - 20]):
                if record[:4] == b"PK\6\6":
                    size = max(size, *struct.unpack_from("<Q", record.ljust(56, b"\0"), 40))
    if size > MAX_DIRECTORY:
        raise TooLarge(
            f"{name}: its central directory has {size:,} bytes; the limit is {MAX_DIRECTORY:,}"
        )


def _tar(archive: Path, name: str, max_bytes: int, most: int) -> Iterator[ArchiveEntry]:
    with archive.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream = _Bounded(gzip.GzipFile(fileobj=raw) if packed else raw, name, max_bytes, most)
        with tarfile.open(fileobj=stream, mode="r:") as opened:
            for member in opened:
                yield ArchiveEntry(
                    member.name,
                    member.size,
                    member.isreg(),
                    _tar_opener(opened, member),
                    member.mode,
                )


def _tar_opener(opened: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
    def open_() -> IO[bytes]:
        file = opened.extractfile(member)
        return io.BytesIO() if file is None else file

    return open_


class _Bounded(io.RawIOBase):
    """A seekable stream that limits how far it seeks and how much it reads at once.

    `tarfile` reads a header of any declared size into memory, and skips any declared distance,
    which for a gzip means to unpack it.
    """

    def __init__(
        self, stream: IO[bytes] | gzip.GzipFile, name: str, max_bytes: int, most: int
    ) -> None:
        self._stream = stream
        self._name = name
        self._end = 2 * max_bytes + most * 1024

    def read(self, size: int = -1) -> bytes:
        if size > MAX_HEADER:
            raise ImportFailed(
                f"{self._name}: a header of {size:,} bytes; the limit is {MAX_HEADER:,}"
            )
        if self._stream.tell() > self._end:
            raise TooLarge(f"{self._name}: unpacks to more than {self._end:,} bytes")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET and offset > self._end:
            raise TooLarge(f"{self._name}: unpacks to more than {self._end:,} bytes")
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
