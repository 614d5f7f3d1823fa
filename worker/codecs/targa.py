"""Uncompressed Targa files of 8-bit RGBA, as Blender writes them, read without a decoder."""

from __future__ import annotations

import os
import struct
from io import BufferedIOBase
from typing import Final

import numpy as np
from numpy.typing import NDArray

HEADER: Final = struct.Struct("<3B5x4H2B")
TRUE_COLOUR: Final = (0, 0, 2)
"""No name, no palette, colours that are not run-length encoded."""
FOOTER: Final = 4096
"""Bytes after the pixels, which are not read: Blender 4.5 adds 521, with date and time."""
BOTTOM_FIRST: Final = 0x08
TOP_FIRST: Final = 0x28
"""Order of the rows, and 8 bits of alpha."""


class NotTarga(ValueError):
    """Not the Targa that was asked for; the message follows the file's name."""


def read(file: BufferedIOBase, width: int, height: int) -> NDArray[np.uint8]:
    """The pixels of an open file of this size: (height, width, 4), RGBA, top row first.

    Raises: NotTarga, for any other file; OSError, when it cannot be read.
    """
    file.seek(0)
    header = file.read(HEADER.size)
    if len(header) != HEADER.size:
        raise NotTarga("is truncated: it has no header")
    *kind, _, _, wide, tall, depth, flags = HEADER.unpack(header)
    if tuple(kind) != TRUE_COLOUR or depth != 32 or flags not in {BOTTOM_FIRST, TOP_FIRST}:  # noqa: PLR2004 - bits of a pixel
        raise NotTarga("is not an uncompressed RGBA Targa")
    if (wide, tall) != (width, height):
        raise NotTarga(f"is {wide}x{tall}, not {width}x{height}")
    size = 4 * width * height
    end = file.seek(0, os.SEEK_END)
    if not 0 <= end - HEADER.size - size <= FOOTER:
        raise NotTarga(f"is truncated or damaged: it has {end} bytes")
    file.seek(HEADER.size)
    data = file.read(size)
    if len(data) != size:
        raise NotTarga("is truncated: it ends too early")
    rows = np.frombuffer(data, np.uint8).reshape(height, width, 4)
    if flags == BOTTOM_FIRST:
        rows = rows[::-1]
    return np.ascontiguousarray(rows[..., [2, 1, 0, 3]])
