"""The turntable: colour and depth as rendered and as trained, beside each other, as a GIF."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from examples.nerf.scene import Array

TITLES = ("rendered", "trained")
BAND = 18
"""Height of the line of titles, in pixels."""
GAP = 4
COLOURS = 200
"""Of all frames together; fewer make a smaller file."""
NEAR_TO_FAR = (
    (0.99, 0.91, 0.14), (0.37, 0.79, 0.38), (0.13, 0.57, 0.55), (0.23, 0.32, 0.55),
    (0.27, 0.00, 0.33),
)  # fmt: skip
"""The ends of depth and colours between, sRGB."""

Pixels = npt.NDArray[np.uint8]


def depth_picture(depth: Array, covered: Array, near: float, far: float) -> Array:
    """Colours (h,w,3) of depth (h,w) from near to far, on white where nothing is covered (h,w)."""
    share = (np.where(np.isfinite(depth), depth, far) - near) / (far - near)
    stops = np.linspace(0, 1, len(NEAR_TO_FAR))
    parts = [np.interp(share, stops, part) for part in zip(*NEAR_TO_FAR, strict=True)]
    return (np.stack(parts, -1) * covered[..., None] + 1 - covered[..., None]).astype(np.float32)


def frame(rendered: tuple[Array, Array], trained: tuple[Array, Array]) -> Image.Image:
    """One frame of four panels (h,w,3): colour above depth, rendered left of trained."""
    columns = [np.concatenate(pair) for pair in (rendered, trained)]
    gap = np.ones((len(columns[0]), GAP, 3), np.float32)
    pixels = np.concatenate([columns[0], gap, columns[1]], 1)
    pixels = np.pad(pixels, ((BAND, 0), (0, 0), (0, 0)), constant_values=1.0)
    image = Image.fromarray(np.round(pixels * 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    width = rendered[0].shape[1]
    for number, title in enumerate(TITLES):
        middle = number * (width + GAP) + width // 2
        draw.text((middle, BAND // 2), title, "black", ImageFont.load_default(11), anchor="mm")
    return image


def gif(frames: list[Image.Image], rate: float = 12.0) -> bytes:
    """An endless GIF of `rate` frames a second; all have the colours of one palette."""
    sheet = Image.new("RGB", (frames[0].width, sum(each.height for each in frames)))
    for number, each in enumerate(frames):
        sheet.paste(each, (0, number * each.height))
    palette = sheet.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    reduced = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in frames]
    made = io.BytesIO()
    reduced[0].save(
        made, "GIF", save_all=True, append_images=reduced[1:], duration=round(1000 / rate), loop=0
    )
    return made.getvalue()
