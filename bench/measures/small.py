"""Compares the worker with one Blender process per object, on many small objects."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from bench import machine, sides
from bench.result import Row, at_least
from bench.sides import Settings

NOTE = (
    "Wall time from program start to the last zip, including start-up, with 12 views per object; "
    "medians over rounds in which all sides take turns. The baseline is the faster of one Blender "
    "process at a time and one per core (`bench/blender/baseline.py`). The published scripts "
    "start one Blender program per object; the bpy wheel, which starts in half the time, is "
    "measured too. All sides use the same Blender."
)
TARGETS = {Settings(12, 128, 16): 1.8, Settings(12, 64, 4): 3.0}


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure objects per minute on all sides, with each installed Blender."""
    count = 4 if quick else 20
    models = scratch / "small"
    sides.make_models(models, "small", count)
    program = shutil.which("blender")
    if program is None:
        sides.say("  no program 'blender' on PATH: only the bpy wheel is measured")
    blenders = {"bpy": "the bpy wheel", **({program: "a Blender program"} if program else {})}
    return [
        _row(models, scratch, settings, blender, name, quick)
        for blender, name in blenders.items()
        for settings in TARGETS
    ]


def _row(
    models: Path, scratch: Path, settings: Settings, blender: str, name: str, quick: bool
) -> Row:
    count = len(sides.models_in(models))
    baseline, worker = scratch / "baseline", scratch / "worker"
    found = sides.rounds(
        1 if quick else 3,
        {
            "one at a time": partial(sides.baseline, models, baseline, settings, 1, blender),
            "one per core": partial(
                sides.baseline, models, baseline, settings, machine.cores(), blender
            ),
            "worker": partial(sides.worker, models, worker, settings, blender=blender),
        },
    )
    ours = found.pop("worker")
    ratios = {side: sides.ratio(times, ours) for side, times in found.items()}
    rates = [
        f"{side} {60 * count / min(times):.0f} ({ratios[side]:.2f})"
        for side, times in found.items()
    ]
    size = f"{settings.resolution}x{settings.resolution}, {settings.samples} samples"
    return at_least(
        f"{count} objects, {size}, {name}, speed-up",
        min(ratios.values()),
        TARGETS[settings],
        f"{60 * count / min(ours):.0f} objects per minute; baseline {', '.join(rates)}",
    )
