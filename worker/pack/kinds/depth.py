"""Depth images: planar Z (along the camera's axis, not along the ray) in world units.

Depth is sampled at the pixel centre by the renderer's first sample, so it never averages a surface
with the one behind it. A pixel has depth where its centre sees a surface, whatever its alpha.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import image_formats
from worker.contract import render_passes
from worker.contract.recipe import Recipe
from worker.pack.kinds.base import ImageKind
from worker.pack.raw import RawView

NOTHING: Final = render_passes.NOTHING_DEPTH / 10
"""Depths from here on mark the background: the camera's clip end is far nearer, and the margin
absorbs rounding."""
TOP: Final = 65535
ORIGIN: Final = {"quantity": "planar Z", "space": "camera", "unit": "world unit"}


def seen(z: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each value of `z` is a valid depth, not the background."""
    return (z > 0) & (z < NOTHING)  # false for NaN


def plane(raw: RawView) -> NDArray[np.float32]:
    """Planar Z in world units, (height, width), infinite on the background.

    Raises: RenderFailed.
    """
    z = raw.layer(render_passes.DEPTH)[..., 0]
    return np.where(seen(z), z, np.float32(np.inf))


def view_range(z: NDArray[np.float32], recipe: Recipe) -> tuple[float, float]:
    """The depths that the values 0 and 65535 stand for in one view's 16-bit image."""
    if recipe.depth.mode == "fixed":
        return recipe.depth.near, recipe.depth.far
    found = z[np.isfinite(z)].astype(np.float64)
    if not found.size:
        return 0.0, 1.0
    low, high = float(found.min()), float(found.max())
    return (low, high) if low < high else (low, low + max(low, 1.0) / TOP)


def to_16_bits(z: NDArray[np.float32], near: float, far: float, invalid: int) -> NDArray[np.uint16]:
    """Quantise to round((z - near) / (far - near) * 65535), (height, width).

    Pixels outside near to far become `invalid`. A valid depth that would round to `invalid` is
    stored one step away from it.
    """
    share = (z.astype(np.float64) - near) / (far - near)
    inside = (share >= 0) & (share <= 1)
    value = np.rint(np.where(inside, share, 0.0) * TOP)
    value[value == invalid] += 1 if invalid == 0 else -1
    return np.where(inside, value, invalid).astype(np.uint16)


def _encode_16(raw: RawView, recipe: Recipe) -> NDArray[np.uint16]:
    z = plane(raw)
    return to_16_bits(z, *view_range(z, recipe), recipe.depth.invalid)


def _facts_16(raw: RawView, recipe: Recipe) -> dict[str, Any]:
    near, far = view_range(plane(raw), recipe)
    return {"near": near, "far": far}


def _describe_16(recipe: Recipe) -> dict[str, Any]:
    fixed = recipe.depth.mode == "fixed"
    return {
        **ORIGIN,
        "channels": "grey",
        "encoding": "16-bit unsigned, linear",
        "range": [recipe.depth.near, recipe.depth.far] if fixed else "near and far of each view",
        "read": "z = near + (far - near) * value / 65535",
        "invalid": recipe.depth.invalid,
        "range_of_views": "as range"
        if fixed
        else "render_worker.facts of metadata.json, VIEW.depth",
    }


def _encode_f32(raw: RawView, _: Recipe) -> NDArray[np.float32]:
    return plane(raw)


def _describe_f32(_: Recipe) -> dict[str, Any]:
    return {
        **ORIGIN,
        "channels": "Z",
        "encoding": "32-bit float",
        "range": [0, "infinity"],
        "read": "z = value",
        "invalid": "infinity",
    }


def to_half_bits(z: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The bits of z as IEEE float16, (height, width); 0 where z is infinite or above 65504."""
    with np.errstate(over="ignore"):
        half = z.astype(np.float16)
    return np.where(np.isfinite(half), half, np.float16(0)).view(np.uint16)


def _encode_f16(raw: RawView, _: Recipe) -> NDArray[np.uint16]:
    return to_half_bits(plane(raw))


def _describe_f16(_: Recipe) -> dict[str, Any]:
    return {
        **ORIGIN,
        "channels": "grey",
        "encoding": "the bits of an IEEE float16 as 16-bit unsigned",
        "range": [0, 65504],
        "read": "z = value.view(float16)",
        "invalid": 0,
    }


IMAGE_KINDS: Final = (
    ImageKind(
        name="depth",
        form=lambda _: image_formats.GREY_16,
        encode=_encode_16,
        describe=_describe_16,
        facts=_facts_16,
    ),
    ImageKind(
        name="depth-exr",
        form=lambda _: image_formats.EXR_Z,
        encode=_encode_f32,
        describe=_describe_f32,
    ),
    ImageKind(
        name="depth-npy",
        form=lambda _: image_formats.NPY,
        encode=_encode_f32,
        describe=_describe_f32,
    ),
    ImageKind(
        name="depth-f16",
        form=lambda _: image_formats.GREY_16,
        encode=_encode_f16,
        describe=_describe_f16,
    ),
)
