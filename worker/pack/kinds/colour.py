"""Colour images: 8-bit sRGB with straight alpha or on a background, or linear half floats.

The standard view transform is computed here from the linear pass. For any other (Filmic, AgX)
Blender writes a display image, whose pixels are encoded here.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import image_formats, srgb
from worker.contract import backgrounds, render_passes
from worker.contract.backgrounds import TRANSPARENT
from worker.contract.recipe import Recipe
from worker.pack.kinds.base import ImageKind
from worker.pack.raw import Passes

STANDARD: Final = "standard"
BACKGROUNDS: Final = {"white": 255, "black": 0}
BAND: Final = 1 << 14
"""Pixels converted at a time, in whole rows, so that temporary arrays fit in the CPU cache."""
HALF_MAX: Final = 65504.0


def encode(raw: Passes, recipe: Recipe) -> NDArray[np.uint8]:
    """The colours of a view or a stack: (height, width, 4), or (height, width, 3) on a background.

    Raises: RenderFailed.
    """
    pixels = _with_alpha(raw, recipe)
    background = backgrounds.rgb(recipe.colour.background)
    return pixels if background is None else over(pixels, background)


def _with_alpha(raw: Passes, recipe: Recipe) -> NDArray[np.uint8]:
    if recipe.colour.view_transform == STANDARD:
        return to_display(raw.layer(render_passes.COMBINED), recipe.colour.exposure)
    pixels = raw.display()
    # The denoiser spreads colour past the silhouette; `to_display` drops it as well.
    return np.where(pixels[..., 3:] > 0, pixels, np.uint8(0))


def to_display(premultiplied: NDArray[np.float32], exposure: float = 0.0) -> NDArray[np.uint8]:
    """Convert linear premultiplied RGBA to 8-bit sRGB with straight alpha.

    Both arrays are (height, width, 4). `exposure` is in stops: the linear colour is multiplied by
    2 ** exposure. Where alpha is 0, the colour is black. NaN becomes 0; values are clipped to 0..1.
    """
    image = np.zeros(premultiplied.shape, np.uint8)
    rows = max(1, BAND // premultiplied.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):  # srgb.encode clips infinity
        for top in range(0, len(premultiplied), rows):
            band = premultiplied[top : top + rows].reshape(-1, 4)
            seen = np.flatnonzero(band[:, 3] > 0)  # not NaN
            cover = np.minimum(band[seen, 3], np.float32(1))
            pixels = np.empty((len(seen), 4), np.uint8)
            for channel in range(3):  # one at a time: strided arrays take longer
                linear = band[seen, channel]
                linear /= cover
                linear *= np.float32(2.0**exposure)
                pixels[:, channel] = srgb.encode(linear)
            pixels[:, 3] = np.floor(cover * 255 + 0.5)
            whole = image[top : top + rows].view(np.uint32)  # pixels, not channels: quicker
            whole.reshape(-1)[seen] = pixels.view(np.uint32)[:, 0]
    return image


def over(pixels: NDArray[np.uint8], background: int | tuple[int, int, int]) -> NDArray[np.uint8]:
    """Composite 8-bit straight RGBA over a grey or RGB `background` (0 to 255): (height, width, 3).

    Display values are blended, not linear light, because readers that add a background do the same
    (NeRF: ``rgb * a + (1 - a)``); both ways give the same image.
    """
    alpha = pixels[..., 3:].astype(np.uint32)
    blended = pixels[..., :3] * alpha + np.array(background, np.uint32) * (255 - alpha)
    return ((blended * 2 + 255) // 510).astype(np.uint8)


def _encode_linear(raw: Passes, _: Recipe) -> NDArray[np.float16]:
    return to_half(raw.layer(render_passes.COMBINED))


def to_half(premultiplied: NDArray[np.float32]) -> NDArray[np.float16]:
    """Convert linear RGBA to half floats: NaN becomes 0, values are clipped to ±65504."""
    clean = np.nan_to_num(premultiplied, nan=0.0, posinf=HALF_MAX, neginf=0.0)
    half: NDArray[np.float16] = np.clip(clean, -HALF_MAX, HALF_MAX).astype(np.float16)
    return half


def _describe(recipe: Recipe) -> dict[str, Any]:
    background = recipe.colour.background
    clear = background == TRANSPARENT
    return {
        "quantity": "colour",
        "channels": "RGBA" if clear else "RGB",
        "space": "sRGB (IEC 61966-2-1)",
        "encoding": "8-bit unsigned",
        "view_transform": recipe.colour.view_transform,
        "exposure_stops": recipe.colour.exposure,
        "range": [0, 255],
        "unit": "display value; 255 is white",
        "alpha": "straight, linear coverage" if clear else f"none: on {background}",
        "read": "display value = value / 255",
        "invalid": "alpha 0: no surface" if clear else "none",
    }


def _describe_linear(_: Recipe) -> dict[str, Any]:
    return {
        "quantity": "radiance",
        "channels": "RGBA",
        "space": "linear, Rec. 709 primaries, D65",
        "encoding": "16-bit float",
        "view_transform": "none",
        "exposure_stops": 0.0,
        "range": [0, HALF_MAX],
        "unit": "scene-linear; 1 is a white diffuse surface's under light of strength pi",
        "alpha": "premultiplied, as OpenEXR has it",
        "read": "radiance = value; straight colour = RGB / A",
        "invalid": "alpha 0: no surface",
    }


IMAGE_KINDS: Final = (
    ImageKind(
        name="colour",
        form=lambda recipe: (
            image_formats.RGBA if recipe.colour.background == TRANSPARENT else image_formats.RGB
        ),
        encode=encode,
        stacked=encode,
        describe=_describe,
    ),
    ImageKind(
        name="colour-exr",
        form=lambda _: image_formats.EXR_RGBA,
        encode=_encode_linear,
        stacked=_encode_linear,
        describe=_describe_linear,
    ),
)
