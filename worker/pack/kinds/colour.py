"""The colour image: 8-bit sRGB with straight alpha.

Through the standard view transform it is made here, of the linear pass. Through any other
(Filmic, AgX) Blender has made a display image, whose pixels are kept and encoded anew, without
the date and time that Blender stamps into its files.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.blender.recipe import Recipe
from worker.errors import RenderFailed
from worker.pack import png, srgb
from worker.pack.kinds.base import Kind
from worker.pack.raw import RawView

STANDARD: Final = "standard"
BAND: Final = 64
"""Rows converted at a time: temporaries stay in the cache, and small at any resolution."""


def encode(raw: RawView, recipe: Recipe) -> NDArray[np.uint8]:
    """(height, width, 4) of one view. Raises: RenderFailed."""
    if recipe.colour.view_transform == STANDARD:
        return to_display(raw.passes.layer("Combined", "RGBA"), recipe.colour.exposure)
    path = raw.file("display")
    try:
        return png.decode(path.read_bytes(), (raw.view.width, raw.view.height), KIND.mode)
    except (png.NotPng, OSError) as error:
        raise RenderFailed(f"the rendered file {path.name} is {error}") from error


def to_display(premultiplied: NDArray[np.float32], exposure: float = 0.0) -> NDArray[np.uint8]:
    """Linear premultiplied RGBA to 8-bit sRGB with straight alpha, both (height, width, 4).

    `exposure` is in stops: the linear colour is multiplied by 2 ** exposure.
    Where alpha is 0 the colour is black; NaN is 0 and values beyond 0..1 are clipped.
    """
    image = np.empty(premultiplied.shape, np.uint8)
    for top in range(0, len(premultiplied), BAND):
        band = premultiplied[top : top + BAND]
        alpha = np.clip(np.nan_to_num(band[..., 3:], nan=0.0), 0.0, 1.0)
        colour = np.zeros_like(band[..., :3])
        with np.errstate(over="ignore", invalid="ignore"):  # infinity is clipped by the encoder
            np.divide(band[..., :3], alpha, out=colour, where=alpha > 0)
            colour *= np.float32(2.0**exposure)
        image[top : top + BAND, :, :3] = srgb.encode(colour)
        image[top : top + BAND, :, 3:] = np.floor(alpha * 255 + 0.5).astype(np.uint8)
    return image


def describe(recipe: Recipe) -> dict[str, Any]:
    """What is in the image, for the zip's metadata."""
    transform = recipe.colour.view_transform
    return {
        "channels": "RGBA",
        "space": "sRGB (IEC 61966-2-1)",
        "encoding": "8-bit unsigned",
        "view_transform": transform,
        "exposure_stops": recipe.colour.exposure,
        "range": [0, 255],
        "unit": "display value; 255 is white",
        "alpha": "straight, linear coverage",
        "invalid": "alpha 0: no surface",
    }


KIND: Final = Kind(name="colour", suffix="", mode="RGBA", encode=encode, describe=describe)
