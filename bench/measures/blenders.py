"""Compares the processor time of the bpy wheel with that of a Blender program, at equal noise."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from bench import sides
from bench.measures.quality import on_black_and_white, psnr
from bench.result import Row, at_most
from worker import presets
from worker.contract import render_passes
from worker.pack.raw import RawView
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions
from worker.supervisor.watchdog import Limits

NOTE = (
    "Small objects, 4 views at 128x128, one child on one core: CPU seconds in Blender's render "
    "calls, and PSNR of sRGB on black against 1,024 samples by the same Blender, averaged over "
    "the objects. The wheel has a light tree, the program (before 3.5) has none: a sample takes "
    "the wheel longer, and is less noisy. So the two are compared at the program's PSNR, at which "
    "the wheel's seconds are interpolated between two numbers of samples."
)
SIZE: Final = 128
VIEWS: Final = 4
PROGRAM: Final = 16
"""Samples that the program takes."""
WHEEL: Final = (4, 6, 8, 12, 16)
"""Samples that the wheel takes."""
REFERENCE: Final = 1024
OBJECTS: Final = 6


class Point(msgspec.Struct, frozen=True):
    """What a number of samples gives: PSNR in dB, and CPU seconds of an object.

    samples: 0 for as many as preset `default` takes.
    """

    samples: int
    decibels: float
    seconds: float


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Compare the two with as many samples as give the program's PSNR, and as preset `default`."""
    program = shutil.which("blender")
    if program is None:
        sides.say("  no program 'blender' on PATH: not measured")
        return []
    models = scratch / "models"
    sides.make_models(models, "small", 2 if quick else OBJECTS)
    size, most = (32, 64) if quick else (SIZE, REFERENCE)
    (theirs, default), (*ours, our_default) = (
        _points(blender, samples, models, scratch, size, most)
        for blender, samples in ((program, (PROGRAM,)), ("bpy", WHEEL))
    )
    equal = seconds_at(theirs.decibels, ours)
    same = next(point for point in ours if point.samples == PROGRAM)
    return [
        at_most(
            f"CPU time of the wheel over that of the program, at {theirs.decibels:.1f} dB",
            equal / theirs.seconds,
            1.0,
            f"{equal:.2f} s, program {theirs.seconds:.2f} s per object with {PROGRAM} samples",
        ),
        Row(
            f"the same with {PROGRAM} samples in both",
            f"{same.seconds / theirs.seconds:.2f} ({same.decibels - theirs.decibels:+.1f} dB)",
        ),
        Row(
            "the same with preset default, adaptive",
            f"{our_default.seconds / default.seconds:.2f} ({our_default.seconds:.2f} s for "
            f"{our_default.decibels:.1f} dB, program {default.seconds:.2f} s for "
            f"{default.decibels:.1f} dB)",
        ),
    ]


def seconds_at(decibels: float, points: Sequence[Point]) -> float:
    """The seconds at a PSNR, on straight lines between the points; at most those of the ends."""
    ordered = sorted(points, key=lambda point: point.decibels)
    return float(
        np.interp(
            decibels,
            [point.decibels for point in ordered],
            [point.seconds for point in ordered],
        )
    )


def _points(
    blender: str, samples: Sequence[int], models: Path, scratch: Path, size: int, most: int
) -> list[Point]:
    """Of each number of samples without adaptive sampling, then of preset `default` as it is."""
    fixed = [[f"samples={count}", *sides.FIXED] for count in (*samples, most)]
    settings = [*fixed[:-1], [], fixed[-1]]
    limits = Limits(view_s=3600.0, object_s=3600.0)
    options = PoolOptions(device="cpu", children_per_device=1, threads=1, limits=limits)
    pool = Pool(runtime.find(blender), options, scratch / "children")
    pool.open()
    decibels: list[list[float]] = []
    seconds: list[list[float]] = []
    try:
        everything = sides.models_in(models)
        _render(pool, everything[0], settings[0], size, scratch / "raw")  # the first starts slowly
        for model in everything:
            found = [_render(pool, model, keys, size, scratch / "raw") for keys in settings]
            truth, _ = found.pop()
            decibels.append([psnr(views, truth) for views, _ in found])
            seconds.append([spent for _, spent in found])
            sides.say(f"  {blender}: {decibels[-1][0]:.1f} dB, {seconds[-1][0]:.2f} s")
    finally:
        pool.close()
    means = zip(
        [*samples, 0],
        map(statistics.fmean, zip(*decibels, strict=True)),
        map(statistics.fmean, zip(*seconds, strict=True)),
        strict=True,
    )
    return [Point(*mean) for mean in means]


def _render(
    pool: Pool, model: Path, keys: Sequence[str], size: int, raw: Path
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], float]:
    """The views as sRGB on black, (V, H, W, 3), and the CPU seconds of Blender's renders."""
    recipe = presets.load("default", [*keys, f"views={VIEWS}", f"resolution={size}"])
    answer = pool.render(sides.fetched(model), recipe, raw).answer
    views = [RawView(view, raw).layer(render_passes.COMBINED) for view in answer.views]
    shutil.rmtree(raw)
    shown = [on_black_and_white(view, recipe.colour.exposure)[0] for view in views]
    return np.stack(shown), answer.render_cpu_s
