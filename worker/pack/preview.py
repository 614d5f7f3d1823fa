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

from worker.contract.recipe import Preview, Recipe
from worker.core import keys

FRAMES: Final = 240
"""A longer film leaves views out, evenly."""
IMAGE: Final = keys.IMAGE_ENDINGS["colour"]
"""Ending of the images a film is made of."""
WHITE: Final = (255, 255, 255, 255)
WEBP_QUALITY: Final = 80
"""Pillow's own default, said so that another Pillow does not decide it."""
STILL_BEST: Final = 4
"""WebP's effort, of 0 to 6."""


def shown(count: int) -> frozenset[int]:
    """Numbers of the views, of `count`, that are in the film."""
    frames = min(count, FRAMES)
    return frozenset(number * count // frames for number in range(frames))


def size(image: tuple[int, int], width: int) -> tuple[int, int]:
    """Width and height of a frame made of an `image` of a size: `width`, or its own if less."""
    if image[0] <= width:
        return image
    return width, max(1, round(image[1] * width / image[0]))


def frame(pixels: NDArray[np.uint8], width: int) -> Image.Image:
    """An 8-bit RGB or RGBA image on white, `width` wide unless it is narrower."""
    image = Image.fromarray(pixels).convert("RGBA")
    if image.width > width:
        # Pillow weights colours by alpha when it resizes RGBA: no fringe from clear pixels.
        image = image.resize(size(image.size, width), Image.Resampling.LANCZOS)
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


def describe(kind: str, recipe: Recipe) -> dict[str, Any]:
    """What a film is, for metadata.json, in the words that images are described in."""
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
