"""Material libraries of OBJ."""

from __future__ import annotations

import mmap
import os.path
import re
from pathlib import Path
from typing import Iterator

from worker.blender.faults import ObjectFault
from worker.blender.references.reference import Reference, readings

SPACE = bytes([*range(0x21), ord("\\")])
"""What the importers of some Blender, C++ or Python, skip before and after a keyword."""
MAX_LINE = 65536
"""Bytes of an `mtllib` line that are looked at."""
MAX_PATH = 1023
"""Bytes of a path that Blender's C++ keeps; it cuts off the rest."""
_KEYWORD = re.compile(rb"mtllib(?=[\x00-\x20\\])")
_EXTENSION = re.compile(rb".+?\.mtl|.+", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(rb"[\x00-\x20]+")


def read(path: str) -> Iterator[Reference]:
    """References of an .obj: every way to read its `mtllib` lines, and the library named as it.

    Raises: ObjectFault("import") for such a line longer than any list of names.
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
    """What follows the keyword at `start`: to the line's end, and with the lines it goes on in."""
    # Blanks may be line ends too: whichever comes first says the same.
    while start and text[start - 1] in SPACE and text[start - 1] != ord("\n"):
        start -= 1
    if start and text[start - 1] != ord("\n"):
        return ()
    piece = text[end : end + MAX_LINE].split(b"\n")
    count = 1
    while count < len(piece) and b"\\" in piece[count - 1][len(piece[count - 1].rstrip(SPACE)) :]:
        count += 1  # a backslash, and nothing but blanks up to the line's end
    if count == len(piece) and end + MAX_LINE < len(text):
        raise ObjectFault("import", f"its mtllib line has more than {MAX_LINE} bytes")
    return piece[0], b" ".join(line.rstrip(SPACE) for line in piece[:count])


def _names(line: bytes) -> list[bytes]:
    """What one line may name: Blender takes all of it; its older importer splits it."""
    names: dict[bytes, None] = {}
    for whole in (line.strip(SPACE), line.strip()):
        for name in (whole, *_EXTENSION.findall(whole), *_BLANKS.split(whole)):
            names[name.strip()] = names[name.strip().strip(b'"')] = None
    return [name for name in names if name.strip(SPACE)]


def _reference(folder: str, name: str) -> Reference:
    paths = readings(folder, name)
    cut = (os.fsdecode(os.fsencode(path)[:MAX_PATH]) for path in paths)
    return Reference(name, tuple(dict.fromkeys([*paths, *cut])))
