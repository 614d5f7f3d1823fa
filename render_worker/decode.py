"""Decodes image files to arrays as stored. Sizes are checked before memory is taken for pixels."""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import PngImagePlugin

from render_worker.errors import need

Size = tuple[int, int] | None
"""Width and height that an image must have; None if that is not known."""

PIXEL_LIMIT: Final = 1 << 26
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = struct.Struct(">I4sII5B")
_DEEP: Final = (16, 2, 0, 0, 0)
"""A PNG's header for 16-bit RGB; Pillow reads only 8 of the 16 bits."""


class Undecodable(ValueError):
    """Not the expected file; the message says what it is instead."""


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG. Raises: Undecodable."""
    return _png_header(data)[:2]


def png(data: bytes, size: Size) -> NDArray[Any]:
    """(height, width[, channels]), uint8 or uint16. Raises: Undecodable."""
    width, height, layout = _png_header(data)
    _check_size((width, height), size)
    if layout == _DEEP:
        return _deep(data, width, height)
    try:
        # Not Image.open, which would try other decoders and apply Pillow's own size limit.
        with PngImagePlugin.PngImageFile(io.BytesIO(data)) as image:
            image.load()
            mode, pixels = image.mode, np.asarray(image)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise Undecodable(f"not a complete PNG: {error}") from error
    if mode not in {"L", "RGB", "RGBA", "I;16"}:
        raise Undecodable(f"a PNG of mode {mode}")
    return pixels


def _png_header(data: bytes) -> tuple[int, int, tuple[int, ...]]:
    if not data.startswith(SIGNATURE) or len(data) < len(SIGNATURE) + _HEADER.size:
        raise Undecodable("not a PNG")
    _, name, width, height, *layout = _HEADER.unpack_from(data, len(SIGNATURE))
    if name != b"IHDR":
        raise Undecodable("not a PNG")
    return width, height, tuple(layout)


def _deep(data: bytes, width: int, height: int) -> NDArray[np.uint16]:
    """16-bit RGB as the worker writes it: rows without a filter, in one chunk."""
    size = height * (1 + 6 * width)
    try:
        start = data.index(b"IDAT") + 4
        (length,) = struct.unpack(">I", data[start - 8 : start - 4])
        unpack = zlib.decompressobj()
        flat = unpack.decompress(data[start : start + length], size)
        rows = np.frombuffer(flat, np.uint8).reshape(height, 1 + 6 * width)
    except (ValueError, zlib.error, struct.error) as error:
        raise Undecodable(f"not a complete PNG: {error}") from error
    if not unpack.eof and unpack.decompress(unpack.unconsumed_tail, 1):
        raise Undecodable("a PNG with more pixels than its size")
    if rows[:, 0].any():
        raise Undecodable("a 16-bit RGB PNG with filtered rows")
    deep = np.ascontiguousarray(rows[:, 1:]).view(">u2").reshape(height, width, 3)
    return deep.astype(np.uint16)


def npy(data: bytes) -> NDArray[Any]:
    """The array of an NPY file, of any type except Python objects. Raises: Undecodable."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call, unused-ignore]
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = header(stream)  # type: ignore[no-untyped-call, unused-ignore]
        left = len(data) - stream.tell()
        if dtype.hasobject or math.prod(shape) * dtype.itemsize != left:
            raise ValueError(f"{left} bytes for {dtype} {shape}")  # noqa: TRY301 - joins the others
        found: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # NumPy parses the header as Python, which may raise anything
        raise Undecodable(f"not a complete NPY: {error}") from error
    return found


def plane(data: bytes, size: Size) -> NDArray[np.float32]:
    """An NPY of (height, width) floats. Raises: Undecodable."""
    found = npy(data)
    if found.ndim != 2 or found.dtype.kind != "f":  # noqa: PLR2004 - rows and columns
        raise Undecodable(f"an NPY of {found.dtype} {found.shape}")
    _check_size((found.shape[1], found.shape[0]), size)
    return np.asarray(found, np.float32)


def exr(data: bytes, size: Size, channels: Sequence[str]) -> NDArray[np.float32]:
    """(height, width, channels) of an EXR, halves as floats.

    Raises: Undecodable; MissingLibrary, without OpenEXR.
    """
    openexr = need("OpenEXR", "an EXR image", "render-worker[exr]")
    imath = need("Imath", "an EXR image", "render-worker[exr]")
    try:
        header = openexr.File(io.BytesIO(data), header_only=True).header()
        low, high = header["dataWindow"]
        width, height = (int(high[axis]) - int(low[axis]) + 1 for axis in (0, 1))
        _check_size((width, height), size)
        _check_channels(channels, {channel.name for channel in header["channels"]})
        # OpenEXR.File prints a warning and goes on where pixels are missing; InputFile raises.
        file = openexr.InputFile(io.BytesIO(data))
        try:
            planes = file.channels(list(channels), imath.PixelType(imath.PixelType.FLOAT))
        finally:
            file.close()
        pixels = np.empty((height, width, len(channels)), np.float32)
        for number, found in enumerate(planes):
            pixels[..., number] = np.frombuffer(found, np.float32).reshape(height, width)
    except Undecodable:
        raise
    except (RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
        raise Undecodable(f"not a complete EXR: {error}") from error
    return pixels


def _check_channels(wanted: Sequence[str], found: set[str]) -> None:
    absent = set(wanted) - found
    if absent:
        raise Undecodable(f"an EXR without the channels {', '.join(sorted(absent))}")


def _check_size(found: tuple[int, int], wanted: Size) -> None:
    if min(found) < 1 or found[0] * found[1] > PIXEL_LIMIT:
        raise Undecodable(f"an image of {found[0]}x{found[1]} pixels")
    if wanted is not None and found != wanted:
        raise Undecodable(f"an image of {found[0]}x{found[1]} pixels, not {wanted[0]}x{wanted[1]}")
