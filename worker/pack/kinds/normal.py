"""Normal images: unit shading normals in world or camera axes.

The renderer averages normals over the pixel's samples, and samples that miss the object add 0. The
average is normalised again, so that partly covered pixels keep their normal.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import image_formats
from worker.contract import render_passes
from worker.contract.linear import product
from worker.contract.recipe import Recipe
from worker.pack.kinds.base import ImageKind
from worker.pack.raw import RawView

LEAST: Final = 1e-5
"""A shorter average has no direction: nothing was hit, or opposite normals cancel out."""
AXES: Final = {
    "world": "world: x, y, z with Z up",
    "camera": "camera: x right, y up, z from the scene towards the camera (OpenGL)",
}


def plane(raw: RawView, recipe: Recipe) -> NDArray[np.float32]:
    """Unit normals in the recipe's axes, (height, width, 3); (0, 0, 0) where there is none.

    Raises: RenderFailed.
    """
    normals = unit(raw.layer(render_passes.NORMAL))
    if recipe.normal.space == "camera":
        rotation = np.asarray(raw.view.camera_to_world, np.float32)[:3, :3]
        normals = product(normals, rotation)  # row vectors times R: world to camera
    return normals


def unit(average: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalise vectors (…, 3); (0, 0, 0) where they are not finite or shorter than LEAST."""
    length = np.linalg.norm(average, axis=-1, keepdims=True)
    clear = np.isfinite(length) & (length > LEAST)
    return np.divide(average, length, out=np.zeros_like(average), where=clear)


def to_integers(normals: NDArray[np.float32], top: int) -> NDArray[Any]:
    """Quantise to round((n/2 + 1/2) * top): uint8 if `top` is 255, else uint16.

    (0, 0, 0), no normal, stays (0, 0, 0).
    """
    kind = np.uint8 if top == 255 else np.uint16  # noqa: PLR2004 - the largest of 8 bits
    there = normals.any(axis=-1, keepdims=True)
    value = np.rint((normals.astype(np.float64) / 2 + 0.5) * top)
    return np.where(there, np.clip(value, 0, top), 0).astype(kind)


def _encode(raw: RawView, recipe: Recipe, top: int) -> NDArray[Any]:
    return to_integers(plane(raw, recipe), top)


def _describe(recipe: Recipe, top: int) -> dict[str, Any]:
    return {
        "quantity": "unit normal",
        "channels": "XYZ as RGB",
        "space": AXES[recipe.normal.space],
        "encoding": f"{top.bit_length()}-bit unsigned, linear",
        "range": [-1, 1],
        "unit": "unit vector",
        "read": f"n = value / {top} * 2 - 1",
        "invalid": [0, 0, 0],
    }


def _describe_float(recipe: Recipe) -> dict[str, Any]:
    return {
        "quantity": "unit normal",
        "channels": "XYZ",
        "space": AXES[recipe.normal.space],
        "encoding": "32-bit float",
        "range": [-1, 1],
        "unit": "unit vector",
        "read": "n = value",
        "invalid": [0, 0, 0],
    }


IMAGE_KINDS: Final = (
    *(
        ImageKind(
            name=name,
            form=functools.partial(lambda _, file: file, file=file),
            encode=functools.partial(_encode, top=top),
            describe=functools.partial(_describe, top=top),
        )
        for name, file, top in (
            ("normal", image_formats.RGB, 255),
            ("normal-16", image_formats.RGB_16, 65535),
        )
    ),
    ImageKind(
        name="normal-exr",
        form=lambda _: image_formats.EXR_XYZ,
        encode=plane,
        describe=_describe_float,
    ),
)
