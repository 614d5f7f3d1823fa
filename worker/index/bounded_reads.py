"""Reading lists with bounded memory, whatever a line or a file of one holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from worker.core.errors import IndexInvalid

LONGEST_LINE: Final = 64 << 20
"""Bytes of a line; one of an index of scenes may have some MB."""
LARGEST_FILE: Final = 1 << 30
"""Bytes of a shard or an index.json, which is held in memory."""
LARGEST_DOCUMENT: Final = 2 << 30
"""Bytes of a JSON document, which is held in memory too."""
_CHUNK: Final = 1 << 20


def lines(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Line numbers (from 1) and lines. Raises: IndexInvalid for a line over LONGEST_LINE."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        check_line(line, f"{name}:{number}")
        yield number, line


def check_line(line: bytes, where: str) -> None:
    """Raises: IndexInvalid, whose message begins with `where`, for a line over LONGEST_LINE."""
    if len(line) > LONGEST_LINE:
        raise IndexInvalid(f"{where}: longer than {LONGEST_LINE:,} bytes")


def file_of_index(path: Path, name: str) -> bytes:
    """The bytes of a shard or an index.json. Raises: IndexInvalid for too many; OSError."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST_FILE:
            raise IndexInvalid(
                f"{name}: has {size:,} bytes; a file of an index has at most {LARGEST_FILE:,}: "
                "build the index with a smaller --shard-size"
            )
        return file.read(size)


def document(path: Path, name: str, open_: Callable[[Path], BinaryIO]) -> bytes:
    """The bytes of a JSON document, which `open_` decompresses if need be.

    Raises: IndexInvalid for too many; whatever `open_` raises.
    """
    left = LARGEST_DOCUMENT
    if path.stat().st_size > left:
        raise _too_large(name)
    chunks: list[bytes] = []
    with open_(path) as file:
        while chunk := file.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise _too_large(name)
            chunks.append(chunk)
    return b"".join(chunks)


def _too_large(name: str) -> IndexInvalid:
    return IndexInvalid(
        f"{name}: has more than {LARGEST_DOCUMENT:,} bytes, too many for a JSON document; "
        "JSONL and Parquet have no such limit"
    )
