"""Previews: a small film of an object's views, in their order, on white.

GIF everywhere plays; animated WebP is a tenth of its size and keeps all colours. No MP4: it needs
a video encoder, 30 MB of it, to say what WebP says.

In memory: up to `FRAMES` small frames, 47 MB at a width and height of 256.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.blender.recipe import Preview

FRAMES: Final = 240
"""A longer film leaves views out, evenly."""
WHITE: Final = (255, 255, 255, 255)
WEBP_QUALITY: Final = 80
"""Pillow's own default, said so that another Pillow does not decide it."""
STILL_BEST: Final = 4
"""WebP's effort, of 0 to 6."""


def shown(count: int) -> frozenset[int]:
    """Numbers of the views, of `count`, that are in the film."""
    frames = min(count, FRAMES)
    return frozenset(number * count // frames for number in range(frames))


def frame(pixels: NDArray[np.uint8], width: int) -> Image.Image:
    """An 8-bit RGB or RGBA image on white, `width` wide unless it is narrower."""
    image = Image.fromarray(pixels).convert("RGBA")
    if image.width > width:
        height = max(1, round(image.height * width / image.width))
        # Pillow weights colours by alpha when it resizes RGBA: no fringe from clear pixels.
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    page = Image.new("RGBA", image.size, WHITE)
    page.alpha_composite(image)
    return page.convert("RGB")


def film(kind: str, frames: Sequence[Image.Image], preview: Preview) -> bytes:
    """The frames, again and again, as "turntable-gif" or "turntable-webp"."""
    buffer = io.BytesIO()
    first, *others = frames
    first.save(
        buffer,
        save_all=True,
        append_images=others,
        duration=round(1000 / preview.rate),
        loop=0,
        **SETTINGS[kind],
    )
    return buffer.getvalue()


SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "turntable-gif": {"format": "GIF", "optimize": False},
    "turntable-webp": {"format": "WEBP", "quality": WEBP_QUALITY, "method": STILL_BEST},
}
