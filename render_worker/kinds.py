"""Image kinds: how each is decoded, and what its numbers mean (docs/images.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from render_worker import decode
from render_worker.decode import Size, Undecodable

Array = NDArray[Any]
Floats = NDArray[np.float32]
TOP: Final = 65535


class Told(NamedTuple):
    """What the object's metadata says of one image."""

    about: Mapping[str, Any]
    """Its kind's description, `render_worker.images` in metadata.json."""
    facts: Mapping[str, Any]
    """What is special to this view's image, such as near and far."""


class Kind(NamedTuple):
    """One image kind."""

    stored: Callable[[bytes, Size], Array]
    """Decodes the file to the numbers in it. Raises: Undecodable, MissingLibrary."""
    value: Callable[[Array, Told], Array]
    """Converts these numbers to values. Raises: Undecodable."""


def depth_range(told: Told) -> tuple[float, float]:
    """The depths that 0 and 65535 stand for in a 16-bit image. Raises: Undecodable."""
    try:
        if "near" in told.facts:
            near, far = float(told.facts["near"]), float(told.facts["far"])
        else:
            near, far = map(float, told.about["range"])
    except (KeyError, TypeError, ValueError) as error:
        raise Undecodable("a depth image without a range") from error
    if not near < far < np.inf:
        raise Undecodable(f"a depth image with the range {near} to {far}")
    return near, far


def _share(stored: Array, _: Told) -> Floats:
    """0 to 1, of 8 or 16 bits."""
    value = stored.astype(np.float32)  # twice as fast as a division that converts
    value /= np.float32(TOP if stored.dtype == np.uint16 else 255)
    return value


def _rgba(stored: Array, told: Told) -> Floats:
    """As `_share`; an image without alpha is opaque."""
    if stored.ndim != 3:  # noqa: PLR2004 - with channels
        raise Undecodable(f"an image of shape {stored.shape}, not RGB or RGBA")
    if stored.shape[2] == 4:  # noqa: PLR2004 - RGBA
        return _share(stored, told)
    value = np.ones((*stored.shape[:2], 4), np.float32)
    value[..., :3] = _share(stored, told)
    return value


def _depth_16(stored: Array, told: Told) -> Floats:
    near, far = depth_range(told)
    value = near + (far - near) * (stored / np.float64(TOP))
    return np.where(stored == told.about.get("invalid"), np.inf, value).astype(np.float32)


def _depth_half(stored: Array, _: Told) -> Floats:
    return np.where(stored == 0, np.inf, stored.view(np.float16)).astype(np.float32)


def _seen(stored: Array, _: Told) -> Floats:
    return np.where((stored > 0) & np.isfinite(stored), stored, np.float32(np.inf))


def _normal(stored: Array, _: Told) -> Floats:
    """Of length 1; the rounding of 8 bits makes it off by up to 1 %."""
    n = stored.astype(np.float32)
    if stored.dtype != np.float32:
        top = np.float32(TOP if stored.dtype == np.uint16 else 255)
        n = (n / top * 2 - 1) * stored.any(axis=-1, keepdims=True)
    length = np.linalg.norm(n, axis=-1, keepdims=True)
    return np.divide(n, length, out=np.zeros_like(n), where=length > 0.5)  # noqa: PLR2004


def _mask(stored: Array, _: Told) -> NDArray[np.bool_]:
    return np.asarray(stored > 0)


def _same(stored: Array, _: Told) -> Array:
    return stored


def _exr(channels: str) -> Callable[[bytes, Size], Array]:
    def stored(data: bytes, size: Size) -> Array:
        pixels = decode.exr(data, size, channels)
        return pixels[..., 0] if len(channels) == 1 else pixels

    return stored


def _png(dtype: Any, *channels: int) -> Callable[[bytes, Size], Array]:
    """A PNG of this type with one of these numbers of channels; 0 is grey."""

    def stored(data: bytes, size: Size) -> Array:
        pixels = decode.png(data, size)
        count = pixels.shape[2] if pixels.ndim > 2 else 0  # noqa: PLR2004 - rows and columns
        if pixels.dtype != dtype or count not in channels:
            raise Undecodable(f"a PNG of {pixels.dtype} with {count or 1} channels")
        return pixels

    return stored


KINDS: Final[dict[str, Kind]] = {
    "colour": Kind(_png(np.uint8, 3, 4), _rgba),
    "colour-exr": Kind(_exr("RGBA"), _same),
    "depth": Kind(_png(np.uint16, 0), _depth_16),
    "depth-exr": Kind(_exr("Z"), _seen),
    "depth-npy": Kind(decode.plane, _seen),
    "depth-f16": Kind(_png(np.uint16, 0), _depth_half),
    "normal": Kind(_png(np.uint8, 3), _normal),
    "normal-16": Kind(_png(np.uint16, 3), _normal),
    "normal-exr": Kind(_exr("XYZ"), _normal),
    "albedo": Kind(_png(np.uint8, 4), _rgba),
    "alpha": Kind(_png(np.uint16, 0), _share),
    "metallic": Kind(_png(np.uint8, 0), _share),
    "roughness": Kind(_png(np.uint8, 0), _share),
    "mask": Kind(_png(np.uint8, 0), _mask),
    "index-object": Kind(_png(np.uint16, 0), _same),
    "index-material": Kind(_png(np.uint16, 0), _same),
    "position-exr": Kind(_exr("XYZ"), _same),
}

DEPTH: Final = ("depth-npy", "depth-exr", "depth", "depth-f16")
"""Kinds of depth, the most exact first, and of equals the one that needs no OpenEXR."""
NORMAL: Final = ("normal-exr", "normal-16", "normal")
"""Kinds of normals, the most exact first."""
