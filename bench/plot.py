"""Plots quality against render time with Pillow, one panel per filter width."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from PIL import Image, ImageDraw, ImageFont

FILE: Final = Path(__file__).parents[1] / "docs" / "quality.png"
PANEL: Final = (620, 620)
LEFT, RIGHT, TOP, BOTTOM = 90, 24, 70, 80
INK, FAINT, PAPER = "#222222", "#dddddd", "#ffffff"


class Curve(msgspec.Struct, frozen=True):
    """The legend text and colour of a curve."""

    name: str
    colour: str


CURVES: Final[dict[tuple[bool, int | None], Curve]] = {
    (False, None): Curve("not denoised, fixed", "#1b6ca8"),
    (False, 0): Curve("not denoised, adaptive", "#2a9d3f"),
    (False, 16): Curve("not denoised, adaptive from 16", "#7b4fb5"),
    (True, None): Curve("denoised, fixed", "#d1495b"),
    (True, 0): Curve("denoised, adaptive", "#e39b1f"),
}
"""Curves by (denoise, adaptive) of `quality.Setting`."""


class Point(msgspec.Struct, frozen=True):
    """Seconds per view, and PSNR in dB."""

    seconds: float
    decibels: float


class Setting(Protocol):
    """The fields of `quality.Setting` that are plotted."""

    samples: int
    denoise: bool
    adaptive: int | None
    width: float


def draw(means: Mapping[Any, Point], marked: Mapping[str, Any], path: Path = FILE) -> None:
    """Draw all points, with a curve per key of CURVES; the settings in `marked` get labels."""
    widths = sorted({point.width for point in means})
    image = Image.new("RGB", (PANEL[0] * len(widths), PANEL[1] + 50), PAPER)
    pen = ImageDraw.Draw(image)
    axes = _Axes(list(means.values()))
    for number, width in enumerate(widths):
        _panel(pen, axes, number * PANEL[0], width, means, marked)
    _legend(pen, PANEL[1] + 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, optimize=True)


class _Axes:
    """The axes of all panels: seconds on a logarithmic x axis, decibels on the y axis."""

    def __init__(self, points: list[Point]) -> None:
        seconds = [point.seconds for point in points]
        decibels = [point.decibels for point in points]
        self.x = (math.log2(min(seconds)) - 0.2, math.log2(max(seconds)) + 0.2)
        self.y = (math.floor(min(decibels) / 5) * 5, math.ceil(max(decibels) / 5) * 5)

    def place(self, point: Point, left: int) -> tuple[float, float]:
        """Pixel coordinates of `point` in the panel whose left edge is at `left`."""
        right = (math.log2(point.seconds) - self.x[0]) / (self.x[1] - self.x[0])
        up = (point.decibels - self.y[0]) / (self.y[1] - self.y[0])
        return (
            left + LEFT + right * (PANEL[0] - LEFT - RIGHT),
            PANEL[1] - BOTTOM - up * (PANEL[1] - TOP - BOTTOM),
        )


def _panel(
    pen: ImageDraw.ImageDraw,
    axes: _Axes,
    left: int,
    width: float,
    means: Mapping[Any, Point],
    marked: Mapping[str, Any],
) -> None:
    pen.text((left + LEFT, 24), f"filter width {width:g}", INK, _font(24))
    for level in range(int(axes.y[0]), int(axes.y[1]) + 1, 5):
        start, stop = (axes.place(Point(2.0**end, level), left) for end in axes.x)
        pen.line([start, stop], FAINT, 1)
        pen.text((start[0] - 12, start[1]), f"{level} dB", INK, _font(16), anchor="rm")
    for power in range(math.ceil(axes.x[0]), math.floor(axes.x[1]) + 1):
        low, high = (axes.place(Point(2.0**power, end), left) for end in axes.y)
        pen.line([low, high], FAINT, 1)
        pen.text((low[0], low[1] + 10), f"{2.0**power:g} s", INK, _font(16), anchor="mt")
    pen.text(
        (left + (LEFT + PANEL[0]) / 2, PANEL[1] - 34),
        "seconds per view",
        INK,
        _font(16),
        anchor="mt",
    )
    for key, curve in CURVES.items():
        places = sorted(
            (point.samples, axes.place(mean, left))
            for point, mean in means.items()
            if (point.width, point.denoise, point.adaptive) == (width, *key)
        )
        pen.line([place for _, place in places], curve.colour, 3)
        for samples, (x, y) in places:
            pen.ellipse((x - 5, y - 5, x + 5, y + 5), curve.colour)
            if key == (False, None):
                pen.text((x, y - 10), str(samples), curve.colour, _font(14), anchor="mb")
    for name, point in marked.items():
        if point.width == width:
            x, y = axes.place(means[point], left)
            pen.ellipse((x - 11, y - 11, x + 11, y + 11), outline=INK, width=3)
            pen.text((x + 14, y + 14), name, INK, _font(18))


def _legend(pen: ImageDraw.ImageDraw, top: int) -> None:
    x = LEFT
    for curve in CURVES.values():
        pen.line([(x, top + 12), (x + 40, top + 12)], curve.colour, 4)
        pen.text((x + 50, top), curve.name, INK, _font(18))
        x += 80 + int(pen.textlength(curve.name, _font(18)))
    pen.text((x, top), "points: samples", INK, _font(18))


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
