"""Prepares images for training: resized, in RGB or CIE L*a*b*, standardised, as half floats.

Means and standard deviations are those of selfstudy's own data (princeton-vl/selfstudy).
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.codecs import srgb

_LINEAR: Final = srgb.decode(np.arange(256) / 255)
_TO_XYZ: Final = (
    (0.4124, 0.3576, 0.1805),
    (0.2126, 0.7152, 0.0722),
    (0.0193, 0.1192, 0.9505),
)
"""Linear sRGB to CIE XYZ (IEC 61966-2-1). The row sums are the white point, D65."""
_CUBIC_FROM: Final = (6 / 29) ** 3
"""Below this share of the white point, L*a*b* is linear instead of a cube root (CIE 15)."""


class Space(msgspec.Struct, frozen=True):
    """A colour space and the statistics that standardise it."""

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


RGB: Final = Space("RGB", (98.12, 89.92, 84.36), (43.95, 42.66, 44.05))
"""8-bit sRGB values."""
LAB: Final = Space("LAB", (38.44, 3.03, 4.77), (17.42, 9.41, 11.37))
"""CIE 1976 L*a*b* of white point D65: L* 0 to 100, a* and b* about -128 to 128."""


def picture(pixels: NDArray[np.uint8], edge: int, *, lab: bool) -> NDArray[np.float16]:
    """Resize an 8-bit image (height, width, 3) bicubically and standardise it: (3, edge, edge).

    Values are (value - mean) / std.
    """
    image = Image.fromarray(pixels).resize((edge, edge), Image.Resampling.BICUBIC)
    small = np.asarray(image)
    space = LAB if lab else RGB
    values = to_lab(small) if lab else small.astype(np.float64)
    standard = (values - np.array(space.mean)) / np.array(space.std)
    return np.ascontiguousarray(standard.transpose(2, 0, 1), np.float16)


def labels(values: NDArray[np.uint8], edge: int) -> NDArray[np.uint8]:
    """Resize labels (height, width, 3) to (3, edge, edge) by nearest neighbour."""
    # Integer arithmetic: Pillow's accumulated steps are wrong where a centre meets a pixel edge.
    rows, columns = ((2 * np.arange(edge) + 1) * size // (2 * edge) for size in values.shape[:2])
    return np.ascontiguousarray(values[np.ix_(rows, columns)].transpose(2, 0, 1))


def to_lab(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Convert 8-bit sRGB (…, 3) to CIE 1976 L*a*b* (…, 3), white point D65."""
    linear = _LINEAR[pixels]
    x, y, z = (_root(_share(linear, row)) for row in _TO_XYZ)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _share(linear: NDArray[np.float64], row: tuple[float, float, float]) -> NDArray[np.float64]:
    """One of X, Y and Z, relative to the white point."""
    # Written out, because a matrix product may add in a different order on another CPU.
    red, green, blue = (linear[..., place] for place in range(3))
    total: NDArray[np.float64] = row[0] * red + row[1] * green + row[2] * blue
    return total / sum(row)


def _root(share: NDArray[np.float64]) -> NDArray[np.float64]:
    line = share / (3 * (6 / 29) ** 2) + 4 / 29
    return np.where(share > _CUBIC_FROM, np.cbrt(share), line)
