"""Index images: the object or material at each pixel's centre, as a 16-bit number; 0 is none."""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import image_formats
from worker.contract import render_passes
from worker.contract.recipe import Recipe
from worker.pack.kinds.base import ImageKind
from worker.pack.raw import RawView

TOP: Final = 65535
PASSES: Final = {
    "index-object": (render_passes.INDEX_OBJECT, "object"),
    "index-material": (render_passes.INDEX_MATERIAL, "material"),
}


def to_integers(numbers: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Convert the renderer's float indices to integers, clipped to 0..65535."""
    clean = np.nan_to_num(numbers, nan=0.0, posinf=TOP, neginf=0.0)
    return np.clip(np.rint(clean), 0, TOP).astype(np.uint16)


def _encode(raw: RawView, _: Recipe, name: str) -> NDArray[np.uint16]:
    return to_integers(raw.layer(PASSES[name][0])[..., 0])


def _describe(_: Recipe, name: str) -> dict[str, Any]:
    what = PASSES[name][1]
    return {
        "quantity": f"number of the {what}",
        "channels": "grey",
        "space": "none",
        "encoding": "16-bit unsigned",
        "range": [0, TOP],
        "unit": f"place, from 1, in {what}_names of metadata.json",
        "read": "number = value",
        "invalid": 0,
    }


IMAGE_KINDS: Final = tuple(
    ImageKind(
        name=name,
        form=lambda _: image_formats.GREY_16,
        encode=functools.partial(_encode, name=name),
        describe=functools.partial(_describe, name=name),
    )
    for name in PASSES
)
