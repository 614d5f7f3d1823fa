"""Many small objects: the worker against a Blender process per object."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench import machine, sides
from bench.result import Row, at_least
from bench.sides import Settings

NOTE = (
    "Wall time from the start of the program to the last zip, start-up included, 12 views an "
    "object; medians over rounds in which all sides take turns. The baseline is the better of one "
    "Blender process at a time and one per core (`bench/blender/baseline.py`)."
)
TARGETS = {Settings(12, 128, 16): 1.8, Settings(12, 64, 4): 3.0}


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Objects per minute on both sides."""
    count = 4 if quick else 20
    models = scratch / "small"
    sides.make_models(models, "small", count)
    rows = []
    for settings, target in TARGETS.items():
        found = sides.rounds(
            1 if quick else 3,
            {
                "one by one": partial(sides.baseline, models, scratch / "one", settings, 1),
                "a core each": partial(
                    sides.baseline, models, scratch / "each", settings, machine.cores()
                ),
                "worker": partial(sides.worker, models, scratch / "worker", settings),
            },
        )
        ours = found.pop("worker")
        ratios = {name: sides.ratio(times, ours) for name, times in found.items()}
        rates = [f"{name} {60 * count / min(times):.0f}" for name, times in found.items()]
        size = f"{settings.resolution}x{settings.resolution}, {settings.samples} samples"
        rows.append(
            at_least(
                f"{count} objects, {size}, times as fast",
                min(ratios.values()),
                target,
                f"{60 * count / min(ours):.0f} objects a minute; baseline {', '.join(rates)}",
            )
        )
    return rows
