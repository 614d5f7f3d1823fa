"""What every list format offers: its records, each with the place an error would name."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from worker.core.errors import IndexInvalid
from worker.index.record import ObjectRef

Records = Iterator[tuple[str, ObjectRef]]
"""Pairs of a place for messages ("objects.jsonl:17") and a record as the list says it."""

Read = Callable[[Path, str], Records]
"""Reads the list at a local path, which messages call by the given name.

Raises: IndexInvalid, beginning with file and line.
"""


class ListKind(msgspec.Struct, frozen=True):
    """A row of the table of list formats."""

    read: Read
    suffixes: tuple[str, ...] = ()
    """File suffixes that mean this kind; each also with ".gz"."""
    folder: bool = False
    """Takes a folder instead of a file."""


def open_list(path: Path, name: str) -> BinaryIO:
    """A list's bytes, unpacked if `name` ends in ".gz"."""
    return cast("BinaryIO", gzip.open(path) if name.lower().endswith(".gz") else path.open("rb"))


def read_list(path: Path, name: str) -> bytes:
    """All of a list's bytes, unpacked if `name` ends in ".gz". Raises: IndexInvalid."""
    try:
        with open_list(path, name) as file:
            return file.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise IndexInvalid(f"{name}: not a whole gzip file: {error}") from error


def byte_lines(path: Path, name: str) -> Iterator[tuple[int, bytes]]:
    """A list's lines with their numbers from 1, without a byte-order mark. Raises: IndexInvalid."""
    number = 0
    try:
        with open_list(path, name) as file:
            for number, line in enumerate(file, 1):
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise IndexInvalid(f"{name}:{number}: not a whole gzip file: {error}") from error


def text_lines(path: Path, name: str) -> Iterator[tuple[int, str]]:
    """As `byte_lines`, as text. Raises: IndexInvalid for bytes that are not UTF-8."""
    for number, line in byte_lines(path, name):
        try:
            yield number, line.decode()
        except UnicodeDecodeError as error:
            raise IndexInvalid(f"{name}:{number}: not UTF-8 text: {error.reason}") from error
