"""The cube that most cases show: a side of 1 around the origin, each side in its own colour.

Only Python and numpy, so that any Blender's interpreter can import it.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Vector = tuple[float, float, float]
SIDES = {
    (1, 0, 0): (220, 40, 40),
    (-1, 0, 0): (40, 200, 200),
    (0, 1, 0): (40, 180, 40),
    (0, -1, 0): (200, 40, 200),
    (0, 0, 1): (50, 70, 220),
    (0, 0, -1): (220, 200, 40),
}
"""Colour (8-bit sRGB) by outward normal; a side's number is its place here."""
BELOW = (0, 0, -1)
COLUMNS, ROWS = 3, 2
"""The picture of all sides: one cell each, by number, row after row from the bottom."""
CELL = 16
QUADS = np.arange(24).reshape(6, 4)
"""Corners of each side: the four points of its own, counter-clockwise from outside."""
TRIANGLES = np.concatenate([QUADS[:, [0, 1, 2]], QUADS[:, [0, 2, 3]]])


def _points() -> Array:
    found = []
    for normal in np.array(list(SIDES), float):
        right = np.roll(np.abs(normal), 1)
        up = np.cross(normal, right)
        corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
        found += [(normal + a * right + b * up) / 2 for a, b in corners]
    return np.array(found)


def _uvs() -> Array:
    found = []
    for number in range(6):
        row, column = divmod(number, COLUMNS)
        for a, b in ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)):
            found.append(((column + a) / COLUMNS, (row + b) / ROWS))
    return np.array(found)


POINTS = _points()
"""(24,3), four to a side."""
NORMALS = np.repeat(np.array(list(SIDES), float), 4, axis=0)
UVS = _uvs()
COLOURS = np.repeat(np.array(list(SIDES.values()), np.uint8), 4, axis=0)


def points(scale: float = 1.0, at: Vector = (0.0, 0.0, 0.0)) -> Array:
    """The cube's points (24,3), scaled, then moved."""
    return POINTS * scale + np.array(at)


def linear(colours: npt.NDArray[np.uint8]) -> Array:
    """Scene-linear values of 8-bit sRGB ones."""
    values = colours.astype(np.float64) / 255
    found: Array = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return found


def picture() -> bytes:
    """The cells of all sides, as a PNG."""
    cells = np.array(list(SIDES.values()), np.uint8).reshape(ROWS, COLUMNS, 3)[::-1]
    return png(cells.repeat(CELL, axis=0).repeat(CELL, axis=1))


def cut_out() -> bytes:
    """The same, clear where the side below is."""
    cells = np.array([(*colour, 255) for colour in SIDES.values()], np.uint8)
    cells[list(SIDES).index(BELOW), 3] = 0
    cells = cells.reshape(ROWS, COLUMNS, 4)[::-1]
    return png(cells.repeat(CELL, axis=0).repeat(CELL, axis=1))


def plain(*value: int) -> bytes:
    """A PNG of one colour."""
    return png(np.tile(np.array(value, np.uint8), (CELL, CELL, 1)))


def padded(*value: int) -> bytes:
    """A PNG of one colour where the sides are, and of black around them."""
    cell = np.zeros((CELL, CELL, len(value)), np.uint8)
    cell[3:-3, 3:-3] = value
    return png(np.tile(cell, (ROWS, COLUMNS, 1)))


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG of (H,W,3) or (H,W,4)."""
    height, width, depth = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[depth], 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
