"""Reads the active scene and the linked libraries of a .blend without Blender.

Source: the file blocks in Blender's ``BLO_core_bhead.hh`` and ``DNA_fileGlobal_types.h``. Only
fields that are the same in all versions are used: addresses, and names after two pointers.
"""

from __future__ import annotations

import dataclasses
import gzip
import io
import re
import struct
from pathlib import Path
from typing import IO, Iterator

from worker.blender.faults import ObjectFault
from worker.blender.references import zstandard

GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
HEADER = re.compile(rb"BLENDER(?:[_-][vV]\d{3}|\d{2}-\d{2}v\d{4})")
MOST_BLOCK = 1 << 20
"""Bytes of a block that are read; the blocks of interest are small."""
MOST_BLOCKS = 2_000_000
NAME = 128
"""Bytes at the start of an ID that contain the start of its name."""


@dataclasses.dataclass(frozen=True)
class BlendFile:
    """What is read from a .blend.

    scene, layer: names of the active scene and view layer, empty if unknown.
    libraries: paths of the linked files, as written.
    """

    scene: str = ""
    layer: str = ""
    libraries: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Block:
    code: bytes
    address: int
    data: bytes
    """The first bytes of the block, at most MOST_BLOCK."""


def read(path: str) -> BlendFile:
    """Read the file at `path`. Raises: ObjectFault("import") if it is invalid or truncated."""
    try:
        with Path(path).open("rb") as file:
            return _found(_blocks(_unpacked(file)))
    except (OSError, EOFError, struct.error, ValueError) as error:
        raise ObjectFault(
            "import", f"cannot import the .blend: it is truncated or damaged ({error})"
        ) from error


def _found(blocks: Iterator[_Block]) -> BlendFile:
    pointers: set[int] = set()
    scene = layer = ""
    inside = False
    libraries = []
    for block in blocks:
        if block.code == b"GLOB":
            count = len(block.data) // 8
            pointers = set(struct.unpack_from(f"<{count}Q", block.data)) - {0}
        elif block.code == b"LI\0\0":
            libraries.append(_library(block.data))
        elif block.code == b"SC\0\0":
            inside = block.address in pointers
            if inside:
                scene = _id_name(block.data, b"SC")
        elif block.code != b"DATA":
            inside = False
        elif inside and block.address in pointers and not layer:
            layer = _text(block.data[16:80])
    return BlendFile(scene, layer, tuple(filter(None, libraries)))


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    start = file.read(4)
    file.seek(0)
    if start.startswith(GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=file))
    if start == ZSTANDARD:
        return zstandard.unpacked(file)
    return file


def _blocks(file: IO[bytes]) -> Iterator[_Block]:
    start = file.read(12)
    if start[7:8].isdigit():  # since 5.0: a header with its own length, and 64-bit block sizes
        start += file.read(int(start[7:9]) - 12)
        layout, fields = "<4sIQQQ", ("code", "sdna", "address", "size", "count")
    else:
        wide = start[7:8] == b"-"
        order = ">" if start[8:9] == b"V" else "<"
        layout = f"{order}4si{'Q' if wide else 'I'}ii"
        fields = ("code", "size", "address", "sdna", "count")
    if not HEADER.fullmatch(start):
        raise ValueError("it has no .blend header")
    size = struct.calcsize(layout)
    for _ in range(MOST_BLOCKS):
        head = file.read(size)
        if len(head) < size:
            raise EOFError("it is truncated")
        block = dict(zip(fields, struct.unpack(layout, head)))
        if block["code"] == b"ENDB":
            return
        if block["size"] < 0:
            raise ValueError("a block has a negative length")
        data = file.read(min(block["size"], MOST_BLOCK))
        _skip(file, block["size"] - len(data))
        yield _Block(block["code"], block["address"], data)
    raise ValueError(f"it has more than {MOST_BLOCKS} blocks")


def _skip(file: IO[bytes], size: int) -> None:
    if size and file.seekable():
        file.seek(size, io.SEEK_CUR)
        return
    while size > 0:
        piece = len(file.read(min(size, MOST_BLOCK)))
        if not piece:
            raise EOFError("it is truncated")
        size -= piece


def _id_name(data: bytes, prefix: bytes) -> str:
    """The name of a datablock, which follows some pointers and its two-letter type."""
    for at in range(0, NAME, 8):
        if data[at : at + 2] == prefix and data[at + 2 : at + 3] not in {b"", b"\0"}:
            return _text(data[at + 2 : at + 68])
    return ""


def _library(data: bytes) -> str:
    """The path of a library: the first text after its ID that looks like a path, or ""."""
    found = re.search(rb"(?://|[A-Za-z]:[\\/]|/|\.\.)[^\0]{1,1023}\0", data)
    return _text(found[0]) if found else ""


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
