"""Deterministic PNG encoding, and decoding that accepts only PNG."""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import PngImagePlugin, UnidentifiedImageError

_LEVEL: Final = 2
"""zlib's. With the row filters below, on views of 128 and 512 pixels: half the time of Pillow at
level 1, which tries five filters for each row, and a tenth fewer bytes."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
"""The last chunk of every PNG, which Pillow does not require."""
_DEEP: Final = "RGB;16"
"""Name of the mode with 48 bits per pixel. Pillow has no such mode and drops the lower bytes."""
_HEADER: Final = struct.Struct(">II5B")
_NUMBER: Final = struct.Struct(">I")
_BITS: Final = {np.dtype(np.uint8): 8, np.dtype(np.uint16): 16}
_COLOUR_TYPES: Final = {1: 0, 3: 2, 4: 6}
"""By the number of channels: grey, RGB, RGBA (PNG 11.2.1)."""
_DEEP_LAYOUT: Final = bytes((16, _COLOUR_TYPES[3], 0, 0, 0))
"""The end of its header: no interlace, and the only compression and filter methods."""
_NO_FILTER: Final = 0
_SUB: Final = 1
"""Each byte less that of the pixel to its left (PNG 9.2)."""
_DEEP_GREY: Final = (16, 1)
"""Bits and channels of what is filtered."""
_GREY_BYTES: Final = 2
"""Bytes of its pixels."""


class NotPng(ValueError):
    """Not a complete PNG of the expected size and mode; the message says what it is instead."""


def encode(pixels: NDArray[Any]) -> bytes:
    """A PNG without metadata of (height, width[, 3 or 4]) uint8 or (height, width[, 3]) uint16.

    Only grey of 16 bits is filtered, by the pixel to the left: most of it is depth, which is
    smooth. Rows of colours need fewer bytes as they are, and a few lines of Python read them.

    The bytes depend on the zlib of this Python, `zlib.ZLIB_RUNTIME_VERSION`.
    """
    (height, width), channels = pixels.shape[:2], math.prod(pixels.shape[2:])
    bits = _BITS[pixels.dtype]
    flat = np.ascontiguousarray(pixels, f">u{bits // 8}").view(np.uint8).reshape(height, -1)
    rows = np.empty((height, 1 + flat.shape[1]), np.uint8)
    rows[:, 0], rows[:, 1:] = _NO_FILTER, flat
    if (bits, channels) == _DEEP_GREY:
        rows[:, 0] = _SUB
        rows[:, 1 + _GREY_BYTES :] -= flat[:, :-_GREY_BYTES]
    header = _HEADER.pack(width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0)
    body = zlib.compress(rows.data, _LEVEL)
    return b"".join((_SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", body), _END))


def _chunk(name: bytes, body: bytes) -> tuple[bytes, ...]:
    """Its parts, in order."""
    checksum = zlib.crc32(body, zlib.crc32(name))
    return _NUMBER.pack(len(body)), name, body, _NUMBER.pack(checksum)


def decode(data: bytes, size: tuple[int, int], mode: str) -> NDArray[np.uint8]:
    """The pixels of a PNG of this (width, height) and mode; verifies its checksums.

    `mode` is a mode of Pillow or "RGB;16", of which only the upper bytes are returned.

    Raises: NotPng, for any other file; a larger image is not decoded.
    """
    return np.asarray(_decoded(data, size, mode))


def check(data: bytes, size: tuple[int, int], mode: str) -> None:
    """Decode as `decode` does, and keep nothing. Raises: NotPng."""
    _decoded(data, size, mode)


def _decoded(data: bytes, size: tuple[int, int], mode: str) -> PngImagePlugin.PngImageFile:
    if not data.endswith(_END):
        raise NotPng("not a complete PNG: its end is missing")
    try:
        # Not Image.open, which would try other decoders and apply Pillow's own size limit.
        with PngImagePlugin.PngImageFile(io.BytesIO(data)) as image:
            found = (image.size, _DEEP if _is_deep(data) else image.mode)
            if found == (size, mode):
                image.load()
                return image
    except (OSError, SyntaxError, ValueError, EOFError, UnidentifiedImageError) as error:
        raise NotPng(f"not a complete PNG: {error}") from error
    (width, height), other = found
    raise NotPng(f"a PNG of {width}x{height} {other}, not {size[0]}x{size[1]} {mode}")


def _is_deep(data: bytes) -> bool:
    return data[len(_SIGNATURE) + 8 :][: _HEADER.size][8:] == _DEEP_LAYOUT
