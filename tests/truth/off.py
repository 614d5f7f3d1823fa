"""Coloured cubes as OFF, in the ways that it is written."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

from tests.truth import cube

PARTS = np.array(list(cube.SIDES.values()))
"""8-bit colours (6,3) of the sides."""
COUNTS = "24 6 12"


def by_face(keyword: str = "OFF\n", *, whole: bool = True) -> str:
    """A colour at the end of each face: whole numbers to 255, or parts of 1."""
    colours = PARTS if whole else PARTS / 255
    faces = [
        f"4 {_words(corners)} {_words(colour)}"
        for corners, colour in zip(cube.QUADS, colours, strict=True)
    ]
    return _joined(f"{keyword}{COUNTS}", map(_words, cube.POINTS), faces)


def by_vertex() -> str:
    """COFF: four numbers after each place."""
    rows = np.column_stack([cube.POINTS, cube.COLOURS, np.full(24, 255)])
    return _joined(f"COFF\n{COUNTS}", map(_words, rows), _faces())


def plain(keyword: str = "OFF\n") -> str:
    """No colours."""
    return _joined(f"{keyword}{COUNTS}", map(_words, cube.POINTS), _faces())


def binary() -> bytes:
    """Big-endian, with colours by face."""
    data = b"OFF BINARY\n" + struct.pack(">3i", 24, 6, 12)
    data += cube.POINTS.astype(">f4").tobytes()
    for corners, colour in zip(cube.QUADS, PARTS / 255, strict=True):
        data += struct.pack(">6i4f", 4, *corners, 4, *colour, 1.0)
    return data


def _faces() -> Iterable[str]:
    return (f"4 {_words(corners)}" for corners in cube.QUADS)


def _words(numbers: Iterable[float]) -> str:
    return " ".join(f"{number:.9g}" for number in numbers)


def _joined(head: str, vertices: Iterable[str], faces: Iterable[str]) -> str:
    return "\n".join([head, *vertices, *faces, ""])
