"""The interface of a list format: records, each with its position for error messages."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from worker.core.errors import IndexInvalid
from worker.index import bounded_reads
from worker.index.record import ObjectRef

Records = Iterator[tuple[str, ObjectRef]]
"""Pairs of a position for messages ("objects.jsonl:17") and a record, as it is in the list."""

Read = Callable[[Path, str], Records]
"""Reads the list at a local path; the second argument is its name in messages.

Raises: IndexInvalid, whose message begins with file and line.
"""


class ListKind(msgspec.Struct, frozen=True):
    """A row of the table of list formats."""

    read: Read
    suffixes: tuple[str, ...] = ()
    """File suffixes of this kind, also with ".gz" appended."""
    folder: bool = False
    """Whether the list is a folder instead of a file."""


def open_list(path: Path, name: str) -> BinaryIO:
    """Open a list for reading bytes; it is decompressed if `name` ends with ".gz"."""
    return cast("BinaryIO", gzip.open(path) if name.lower().endswith(".gz") else path.open("rb"))


def read_list(path: Path, name: str) -> bytes:
    """The bytes of a JSON document; decompressed if `name` ends with ".gz".

    Raises: IndexInvalid.
    """
    try:
        return bounded_reads.document(path, name, lambda path: open_list(path, name))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise IndexInvalid(f"{name}: not a complete gzip file: {error}") from error


def byte_lines(path: Path, name: str) -> Iterator[tuple[int, bytes]]:
    """Line numbers (from 1) and lines of a list, without byte order mark. Raises: IndexInvalid."""
    number = 0
    try:
        with open_list(path, name) as file:
            for number, line in bounded_reads.lines(file, name):
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise IndexInvalid(f"{name}:{number}: not a complete gzip file: {error}") from error


def text_lines(path: Path, name: str) -> Iterator[tuple[int, str]]:
    """As `byte_lines`, but text. Raises: IndexInvalid, also for bytes that are not UTF-8."""
    for number, line in byte_lines(path, name):
        try:
            yield number, line.decode()
        except UnicodeDecodeError as error:
            raise IndexInvalid(f"{name}:{number}: not UTF-8 text: {error.reason}") from error
