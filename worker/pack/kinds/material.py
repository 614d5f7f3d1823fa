"""Material images, unlit: albedo, opacity (alpha), metallic, roughness.

The renderer averages a pass over the pixel's samples, and samples that miss the object add 0.
Dividing by the share of samples that hit (`coverage`) leaves the surface's own value, so that edge
pixels have straight alpha and no dark fringe.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import image_formats, srgb
from worker.contract import render_passes
from worker.contract.recipe import Recipe
from worker.pack.kinds.base import ImageKind
from worker.pack.raw import RawView

LEAST: Final = 1e-5
"""Pixels with less coverage than this have no value."""


def straight(average: NDArray[np.float32], coverage: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide a pass (height, width, n) by its coverage (height, width, 1); 0 where that is 0."""
    clean = np.nan_to_num(average, nan=0.0, posinf=0.0, neginf=0.0)
    value = np.zeros_like(clean)
    np.divide(clean, coverage, out=value, where=coverage > LEAST)
    return value


def to_integers(values: NDArray[np.float32], top: int) -> NDArray[Any]:
    """Quantise to round(value * top), values clipped to 0..1; uint8 if top is 255, else uint16."""
    kind = np.uint8 if top == 255 else np.uint16  # noqa: PLR2004 - the largest of 8 bits
    share = np.clip(values.astype(np.float64), 0, 1)
    whole: NDArray[Any] = np.rint(share * top).astype(kind)
    return whole


def coverage(raw: RawView) -> NDArray[np.float32]:
    """The share of each pixel's samples that hit the object, 0 to 1: (height, width, 1).

    Raises: RenderFailed.
    """
    share: NDArray[np.float32] = np.clip(np.nan_to_num(raw.layer(render_passes.COVERAGE)), 0, 1)
    return share


def _encode_albedo(raw: RawView, _: Recipe) -> NDArray[np.uint8]:
    covered = coverage(raw)
    colour = srgb.encode(straight(raw.layer(render_passes.ALBEDO), covered))
    return np.concatenate([colour, to_integers(covered, 255)], axis=-1)


def _describe_albedo(_: Recipe) -> dict[str, Any]:
    return {
        "quantity": "base colour, unlit",
        "channels": "RGBA",
        "space": "sRGB (IEC 61966-2-1), no view transform",
        "encoding": "8-bit unsigned",
        "range": [0, 255],
        "unit": "reflectance; 255 is 1",
        "alpha": "straight: the share of the pixel that the object covers, however transparent",
        "read": "linear albedo = sRGB curve's inverse of value / 255",
        "invalid": "alpha 0",
    }


def _encode(raw: RawView, _: Recipe, name: str, top: int) -> NDArray[Any]:
    component = render_passes.MATERIAL.components.index(render_passes.MATERIAL_COMPONENTS[name])
    average = raw.layer(render_passes.MATERIAL)[..., component : component + 1]
    return to_integers(straight(average, coverage(raw)), top)[..., 0]


def _describe(_: Recipe, what: str, top: int) -> dict[str, Any]:
    return {
        "quantity": what,
        "channels": "grey",
        "space": "none",
        "encoding": f"{top.bit_length()}-bit unsigned, linear",
        "range": [0, 1],
        "unit": "share",
        "read": f"share = value / {top}",
        "invalid": "0 where nothing is seen, as a mask or albedo's alpha tells",
    }


IMAGE_KINDS: Final = (
    ImageKind(
        name="albedo",
        form=lambda _: image_formats.RGBA,
        encode=_encode_albedo,
        describe=_describe_albedo,
    ),
    *(
        ImageKind(
            name=name,
            form=functools.partial(lambda _, file: file, file=file),
            encode=functools.partial(_encode, name=name, top=top),
            describe=functools.partial(_describe, what=what, top=top),
        )
        for name, what, file, top in (
            ("alpha", "the material's opacity", image_formats.GREY_16, 65535),
            ("metallic", "the material's metalness", image_formats.GREY, 255),
            ("roughness", "the material's roughness", image_formats.GREY, 255),
        )
    ),
)
