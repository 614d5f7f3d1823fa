"""Measures image quality against render time for settings of the path tracer."""

from __future__ import annotations

import itertools
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench import plot, sides
from bench.result import BenchError, Row, at_least, at_most
from worker import presets
from worker.contract import render_passes
from worker.pack.raw import RawView
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions
from worker.supervisor.watchdog import Limits

NOTE = (
    "Ten sample objects, one view each at 192x192. PSNR of sRGB on black against 4,096 samples "
    "with the same pixel filter, averaged over the objects; time is seconds inside Blender. "
    "Colour is as in preset `default`, so that only the path tracer differs. A filter of 0.01 "
    "pixels leaves every edge jagged, in its reference too; it is not eligible as the best point."
)
AFTER = "\n![PSNR against seconds per view, by samples, denoiser and filter width](quality.png)\n"
OBJECTS = (
    "pawn.glb", "rocket.glb", "crate.obj", "monkey.fbx", "gear.stl", "knot.ply", "mushroom.gltf",
    "pane.glb", "metals.glb", "glowing.glb",
)  # fmt: skip
SAMPLES = (16, 32, 64, 128, 256)
WIDTHS = (0.01, 1.0, 1.5)
REFERENCE = 4096
PEAK_DB = 99.0
"""The value for identical images."""
KNEE = 0.0031308
"""The linear value up to which the curve of IEC 61966-2-1 is linear."""
GAIN_DB = 10.0
SMOOTH = 1.0
"""The smallest filter width that smooths edges; with narrower ones the reference is jagged too."""
SHARE = 1 / 3
THRESHOLD = 0.01
"""Cycles' own threshold of adaptive sampling."""


class Setting(msgspec.Struct, frozen=True):
    """The settings of one point.

    adaptive: the minimum number of samples of adaptive sampling; 0 lets Cycles choose it, None
    disables adaptive sampling. width: of the pixel filter, in pixels. threshold: the noise at which
    adaptive sampling ends a pixel.
    """

    samples: int
    denoise: bool
    adaptive: int | None
    width: float
    threshold: float = THRESHOLD

    def overrides(self) -> list[str]:
        """The settings as overrides for `presets.load`."""
        return [
            f"samples={self.samples}",
            f"cycles.denoise={str(self.denoise).lower()}",
            f"cycles.adaptive={str(self.adaptive is not None).lower()}",
            f"cycles.adaptive_least={self.adaptive or 0}",
            f"cycles.adaptive_threshold={self.threshold}",
            f"cycles.filter_width={self.width}",
        ]

    def __str__(self) -> str:
        curve = plot.CURVES.get((self.denoise, self.adaptive))
        words = [f"{self.samples} samples", curve.name if curve else "on no curve"]
        if self.threshold != THRESHOLD:
            words.append(f"to {self.threshold:g}")
        return ", ".join([*words, f"filter {self.width:g}"])


def of_preset(name: str) -> Setting:
    """The setting of a preset."""
    recipe = presets.load(name)
    cycles = recipe.cycles
    adaptive = cycles.adaptive_least if cycles.adaptive else None
    return Setting(
        recipe.samples, cycles.denoise, adaptive, cycles.filter_width, cycles.adaptive_threshold
    )


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Compare `default`, `objaverse-xl` and the best setting within a third of the time."""
    models = scratch / "models"
    names = OBJECTS[:2] if quick else OBJECTS
    subprocess.run(
        [sys.executable, "-m", "tests.sample_models", str(models), *names],
        cwd=sides.ROOT, check=True, capture_output=True,
    )  # fmt: skip
    size = 64 if quick else 192
    published, default = of_preset("objaverse-xl"), of_preset("default")
    own = {(point.denoise, point.adaptive): point.threshold for point in (published, default)}
    grid = [
        Setting(samples, *curve, width, own.get(curve, THRESHOLD))
        for samples, curve, width in itertools.product(SAMPLES, plot.CURVES, WIDTHS)
    ]
    for point in (published, default):
        if (point.denoise, point.adaptive) not in plot.CURVES:
            raise BenchError(f"plot.CURVES has no curve for a preset: {point}; add one")
    grid += [point for point in (published, default) if point not in grid]
    decibels: dict[Setting, list[float]] = {point: [] for point in grid}
    white: dict[Setting, list[float]] = {point: [] for point in grid}
    seconds: dict[Setting, list[float]] = {point: [] for point in grid}
    options = PoolOptions(device="cpu", limits=Limits(view_s=3600.0, object_s=3600.0))
    pool = Pool(runtime.find("bpy"), options, scratch / "children")
    pool.open()
    try:
        for name in names:
            truths = {}
            for width in WIDTHS:
                exact = Setting(256 if quick else REFERENCE, False, None, width)
                truths[width], _ = _render(pool, models / name, exact, size, scratch)
            for point in grid:
                image, took = _render(pool, models / name, point, size, scratch)
                decibels[point].append(psnr(image[0], truths[point.width][0]))
                white[point].append(psnr(image[1], truths[point.width][1]))
                seconds[point].append(took)
            sides.say(f"  {name}: {decibels[default][-1]:.1f} dB, {seconds[default][-1]:.2f} s")
    finally:
        pool.close()
    means = {
        point: plot.Point(statistics.fmean(seconds[point]), statistics.fmean(decibels[point]))
        for point in grid
    }
    if not quick:
        plot.draw(means, {"objaverse-xl": published, "default": default})
    gain = statistics.fmean(white[default]) - statistics.fmean(white[published])
    return [
        *_rows(means, published, default),
        Row("default above objaverse-xl on white, dB", f"{gain:.2f} (alpha's noise counts there)"),
    ]


def _rows(means: dict[Setting, plot.Point], published: Setting, default: Setting) -> list[Row]:
    theirs, ours = means[published], means[default]
    allowed = [
        point
        for point, mean in means.items()
        if mean.seconds <= theirs.seconds * SHARE and point.width >= SMOOTH
    ]
    best = max(allowed, key=lambda point: means[point].decibels, default=default)
    return [
        Row(f"objaverse-xl: {published}", _words(theirs)),
        Row(f"default: {default}", _words(ours)),
        at_least(
            "default above objaverse-xl, dB", ours.decibels - theirs.decibels, GAIN_DB, "PSNR"
        ),
        at_most(
            "default's time, fraction of objaverse-xl's",
            ours.seconds / theirs.seconds,
            SHARE,
            "seconds",
        ),
        Row(f"best within a third of objaverse-xl's time: {best}", _words(means[best])),
    ]


def _words(point: plot.Point) -> str:
    return f"{point.decibels:.1f} dB in {point.seconds:.2f} s per view"


def _render(
    pool: Pool, model: Path, point: Setting, size: int, scratch: Path
) -> tuple[NDArray[np.float64], float]:
    """The first view as sRGB on black and on white, (2, H, W, 3), and Blender's render seconds."""
    recipe = presets.load("default", [*point.overrides(), "views=1", f"resolution={size}"])
    raw = scratch / "raw"
    done = pool.render(sides.fetched(model), recipe, raw)
    wanted = "openimagedenoise" if point.denoise else None
    if done.answer.runtime["denoiser"] != wanted:
        raise BenchError("this Blender has no OpenImageDenoise, so there is nothing to compare")
    linear = RawView(done.answer.views[0], raw).layer(render_passes.COMBINED)
    shutil.rmtree(raw)
    return on_black_and_white(linear, recipe.colour.exposure), done.answer.render_s


def on_black_and_white(premultiplied: NDArray[np.float32], exposure: float) -> NDArray[np.float64]:
    """Premultiplied linear RGBA, (H, W, 4), as sRGB on black and on white, (2, H, W, 3).

    The white background is blended after conversion to sRGB, as viewers do.
    """
    alpha = np.clip(premultiplied[..., 3:].astype(np.float64), 0.0, 1.0)
    lit = premultiplied[..., :3] * np.float32(2.0**exposure)
    straight = np.divide(lit, alpha, out=np.zeros(lit.shape), where=alpha > 0.0)
    return np.stack([display(lit), display(straight) * alpha + (1.0 - alpha)])


def display(linear: NDArray[Any]) -> NDArray[np.float64]:
    """Values in sRGB, 0 to 1; not rounded to 8 bits, which would hide small differences."""
    value = np.clip(linear.astype(np.float64), 0.0, 1.0)
    return np.where(value <= KNEE, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)


def psnr(image: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Peak signal-to-noise ratio in dB of values 0 to 1, at most PEAK_DB."""
    error = float(np.mean((image - truth) ** 2))
    return min(PEAK_DB, -10 * float(np.log10(error))) if error > 0 else PEAK_DB
