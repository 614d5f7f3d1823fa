"""Previews: a small animation of an object's views, in order, on white.

GIF plays everywhere; animated WebP is a tenth of its size and keeps all colours. MP4 is left out:
it would need a video encoder of 30 MB and offer nothing that WebP lacks.

Memory: up to `FRAMES` small frames, 47 MB at 256x256 pixels.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.contract.recipe import Recipe
from worker.contract.view_keys import Preview
from worker.core import keys

FRAMES: Final = 240
"""Maximum number of frames; of more views, an evenly spaced subset is shown."""
IMAGE: Final = keys.IMAGE_ENDINGS["colour"]
"""File name ending of the images that become frames."""
WHITE: Final = (255, 255, 255, 255)
WEBP_QUALITY: Final = 80
"""Pillow's default, set explicitly so that the files do not depend on Pillow's version."""
STILL_BEST: Final = 4
"""WebP's encoding effort, from 0 (fast) to 6 (small)."""


def shown(count: int) -> frozenset[int]:
    """Numbers of the views that become frames, out of `count` views."""
    frames = min(count, FRAMES)
    return frozenset(number * count // frames for number in range(frames))


def size(image: tuple[int, int], width: int) -> tuple[int, int]:
    """Width and height of a frame, for an image of size `image`; images are never enlarged."""
    if image[0] <= width:
        return image
    return width, max(1, round(image[1] * width / image[0]))


def frame(pixels: NDArray[np.uint8], width: int) -> Image.Image:
    """Place an 8-bit RGB or RGBA image on white and reduce it to at most `width` pixels."""
    image = Image.fromarray(pixels).convert("RGBA")
    if image.width > width:
        # Pillow weights colours by alpha when resizing RGBA, so transparent pixels do not bleed.
        image = image.resize(size(image.size, width), Image.Resampling.LANCZOS)
    page = Image.new("RGBA", image.size, WHITE)
    page.alpha_composite(image)
    return page.convert("RGB")


def film(kind: str, frames: Sequence[Image.Image], preview: Preview) -> bytes:
    """Encode the frames as an endless animation: "turntable-gif" or "turntable-webp"."""
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


def describe(kind: str, recipe: Recipe) -> dict[str, Any]:
    """Describe a preview for ``metadata.json``, with the same keys as an image kind."""
    endings = keys.image_endings(recipe.images)
    width, height = size(recipe.resolution, recipe.preview.width)
    return {
        "quantity": "film of the views, to look at",
        "of": next(name for name, ending in endings.items() if ending == IMAGE),
        "frames": len(shown(recipe.views)),
        "rate": recipe.preview.rate,
        "unit": {"rate": "1/s", "width": "pixel", "height": "pixel"},
        "width": width,
        "height": height,
        "channels": "RGB",
        "space": "sRGB (IEC 61966-2-1)",
        "encoding": f"{SETTINGS[kind]['format']}, lossy",
        "alpha": "none: on white",
        "files": keys.PREVIEWS[kind],
    }


SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "turntable-gif": {"format": "GIF", "optimize": False},
    "turntable-webp": {"format": "WEBP", "quality": WEBP_QUALITY, "method": STILL_BEST},
}
