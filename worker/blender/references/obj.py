"""References of OBJ to material libraries."""

from __future__ import annotations

import mmap
import os.path
import re
from pathlib import Path
from typing import Iterator

from worker.blender.faults import ObjectFault
from worker.blender.references.reference import Reference, readings

SPACE = bytes([*range(0x21), ord("\\")])
"""Bytes that an importer of any Blender version, C++ or Python, skips around a keyword."""
MAX_LINE = 65536
"""Longest `mtllib` line that is read, in bytes."""
MAX_PATH = 1023
"""Longest path in Blender's C++ code, in bytes; it truncates longer ones."""
_KEYWORD = re.compile(rb"mtllib(?=[\x00-\x20\\])")
_EXTENSION = re.compile(rb".+?\.mtl|.+", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(rb"[\x00-\x20]+")


def read(path: str) -> Iterator[Reference]:
    """References in an .obj: all interpretations of its `mtllib` lines, and the .mtl of its name.

    Raises: ObjectFault("import") for an `mtllib` line longer than MAX_LINE.
    """
    folder = os.path.dirname(path)  # noqa: PTH120
    yield _reference(folder, Path(path).with_suffix(".mtl").name)
    seen: set[bytes] = set()
    with Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            for found in _KEYWORD.finditer(text):
                for line in _lines(text, found.start(), found.end()):
                    if line not in seen:
                        seen.add(line)
                        yield from (_reference(folder, os.fsdecode(name)) for name in _names(line))


def _lines(text: mmap.mmap, start: int, end: int) -> tuple[bytes, ...]:
    """The text after the keyword at `start`, without and with its continuation lines.

    Empty if the keyword does not begin a line.
    Raises: ObjectFault("import") for a line longer than MAX_LINE.
    """
    # SPACE includes other line ends such as CR. Skipping them as blanks gives the same result.
    while start and text[start - 1] in SPACE and text[start - 1] != ord("\n"):
        start -= 1
    if start and text[start - 1] != ord("\n"):
        return ()
    piece = text[end : end + MAX_LINE].split(b"\n")
    count = 1
    while count < len(piece) and b"\\" in piece[count - 1][len(piece[count - 1].rstrip(SPACE)) :]:
        count += 1  # a backslash with only blanks after it continues the line
    if count == len(piece) and end + MAX_LINE < len(text):
        raise ObjectFault("import", f"its mtllib line has more than {MAX_LINE} bytes")
    return piece[0], b" ".join(line.rstrip(SPACE) for line in piece[:count])


def _names(line: bytes) -> list[bytes]:
    """The names that a line may contain: C++ takes it as one name, the Python importer splits it.

    Names are given with and without double quotes.
    """
    names: dict[bytes, None] = {}
    for whole in (line.strip(SPACE), line.strip()):
        for name in (whole, *_EXTENSION.findall(whole), *_BLANKS.split(whole)):
            names[name.strip()] = names[name.strip().strip(b'"')] = None
    return [name for name in names if name.strip(SPACE)]


def _reference(folder: str, name: str) -> Reference:
    paths = readings(folder, name)
    cut = (os.fsdecode(os.fsencode(path)[:MAX_PATH]) for path in paths)
    return Reference(name, tuple(dict.fromkeys([*paths, *cut])))
