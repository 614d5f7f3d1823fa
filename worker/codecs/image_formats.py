"""Image formats: each encodes pixels deterministically and checks encoded files."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from worker.codecs import png
from worker.codecs.exr import ExrFile
from worker.codecs.exr_header import NotExr

Pixels = NDArray[Any]
Size = tuple[int, int]
"""Width, height."""


class Unreadable(ValueError):
    """Not the expected image; the message says what it is instead."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """An image format with a fixed pixel type."""

    encode: Callable[[Pixels], bytes]
    """Encodes (height, width) or (height, width, channels), top row first."""
    check: Callable[[bytes, Size], None]
    """Raises Unreadable unless the bytes are a complete image of this size and format."""


def _check_png(data: bytes, size: Size, mode: str) -> None:
    try:
        png.check(data, size, mode)
    except png.NotPng as error:
        raise Unreadable(str(error)) from error


def _png(mode: str) -> Form:
    return Form(encode=png.encode, check=functools.partial(_check_png, mode=mode))


def _encode_exr(pixels: Pixels, names: Sequence[str]) -> bytes:
    planes = pixels if pixels.ndim == 3 else pixels[..., None]  # noqa: PLR2004 - with channels
    channels = {
        name: np.ascontiguousarray(planes[..., number]) for number, name in enumerate(names)
    }
    buffer = io.BytesIO()
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(buffer)
    return buffer.getvalue()


def _check_exr(data: bytes, size: Size, names: Sequence[str]) -> None:
    try:
        ExrFile(data, *size).channels(names)
    except NotExr as error:
        raise Unreadable(f"an EXR that {error}") from error


def exr(names: Sequence[str]) -> Form:
    """Lossless EXR of (height, width[, channels]) with these channel names."""
    return Form(
        encode=functools.partial(_encode_exr, names=names),
        check=functools.partial(_check_exr, names=names),
    )


def _encode_npy(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(pixels), allow_pickle=False)
    return buffer.getvalue()


def _check_npy(data: bytes, size: Size) -> None:
    try:
        found = np.load(io.BytesIO(data), allow_pickle=False).shape
    except (ValueError, OSError, EOFError) as error:
        raise Unreadable(f"not a complete NPY: {error}") from error
    if found[:2] != size[::-1]:
        raise Unreadable(f"an NPY of shape {found}, not {size[::-1]}")


RGBA: Final = _png("RGBA")
"""PNG of (height, width, 4) uint8."""
RGB: Final = _png("RGB")
"""PNG of (height, width, 3) uint8."""
GREY: Final = _png("L")
"""PNG of (height, width) uint8."""
GREY_16: Final = _png("I;16")
"""PNG of (height, width) uint16."""
RGB_16: Final = _png("RGB;16")
"""PNG of (height, width, 3) uint16."""
EXR_RGBA: Final = exr("RGBA")
"""Lossless EXR of (height, width, 4) float16 or float32."""
EXR_XYZ: Final = exr("XYZ")
"""Lossless EXR of (height, width, 3) float16 or float32."""
EXR_Z: Final = exr("Z")
"""Lossless EXR of (height, width) float16 or float32."""
NPY: Final = Form(encode=_encode_npy, check=_check_npy)
"""NPY of (height, width[, channels]), any type; the top row is first."""
