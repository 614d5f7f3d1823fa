"""The mask: 255 where the pixel's centre sees the object, that is where depth is valid; else 0."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import image_formats
from worker.contract import render_passes
from worker.contract.recipe import Recipe
from worker.pack.kinds import depth
from worker.pack.kinds.base import ImageKind
from worker.pack.raw import Passes


def _encode(raw: Passes, _: Recipe) -> NDArray[np.uint8]:
    mask: NDArray[np.uint8] = depth.seen(raw.layer(render_passes.DEPTH)[..., 0]) * np.uint8(255)
    return mask


def _describe(_: Recipe) -> dict[str, Any]:
    return {
        "quantity": "is the object seen at the pixel's centre, however transparent",
        "channels": "grey",
        "space": "none",
        "encoding": "8-bit unsigned, 0 or 255",
        "range": [0, 255],
        "unit": "255 is yes",
        "read": "seen = value > 0",
        "invalid": "none",
    }


IMAGE_KINDS: Final = (
    ImageKind(
        name="mask",
        form=lambda _: image_formats.GREY,
        encode=_encode,
        stacked=_encode,
        describe=_describe,
    ),
)
