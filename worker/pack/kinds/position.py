"""Position images: world coordinates of the surface point at each pixel's centre."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import image_formats
from worker.contract import render_passes
from worker.contract.recipe import Recipe
from worker.pack.kinds import depth
from worker.pack.kinds.base import ImageKind
from worker.pack.raw import RawView


def _encode(raw: RawView, _: Recipe) -> NDArray[np.float32]:
    seen = depth.seen(raw.layer(render_passes.DEPTH))
    return np.where(seen, raw.layer(render_passes.POSITION), np.float32(np.nan))


def _describe(_: Recipe) -> dict[str, Any]:
    return {
        "quantity": "position",
        "channels": "XYZ",
        "space": "world: x, y, z with Z up",
        "encoding": "32-bit float",
        "range": ["-infinity", "infinity"],
        "unit": "world unit",
        "read": "p = value",
        "invalid": "NaN",
    }


IMAGE_KINDS: Final = (
    ImageKind(
        name="position-exr",
        form=lambda _: image_formats.EXR_XYZ,
        encode=_encode,
        describe=_describe,
    ),
)
