"""PNG, the same bytes for the same pixels; and PNG only, when decoding."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

COMPRESS_LEVEL: Final = 1
"""A fifth of the time of Pillow's default for a fifth more bytes."""


_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
"""The last chunk of every PNG; Pillow does without."""


class NotPng(ValueError):
    """Not a whole PNG of the expected size and mode; the message says what it is."""


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 4) 8-bit RGBA as a PNG without metadata."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=COMPRESS_LEVEL)
    return buffer.getvalue()


def decode(data: bytes, size: tuple[int, int], mode: str) -> NDArray[np.uint8]:
    """The pixels of a PNG of exactly this (width, height) and mode, checksums verified.

    Raises: NotPng, before anything larger than `size` is decoded.
    """
    if not data.endswith(_END):
        raise NotPng("not a whole PNG: its end is missing")
    try:
        # Not Image.open: no other decoder, and our own bound instead of Pillow's.
        with PngImagePlugin.PngImageFile(io.BytesIO(data)) as image:
            if (image.size, image.mode) == (size, mode):
                image.load()
                return np.asarray(image)
            found = f"{image.width}x{image.height} {image.mode}"
    except (OSError, SyntaxError, ValueError, EOFError, UnidentifiedImageError) as error:
        raise NotPng(f"not a whole PNG: {error}") from error
    raise NotPng(f"a PNG of {found}, not {size[0]}x{size[1]} {mode}")
