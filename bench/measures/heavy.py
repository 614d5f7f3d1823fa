"""Measures heavy objects: a mesh of over a million faces, and one with a subdivision modifier."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench import sides
from bench.result import Row, at_least
from bench.sides import Settings

NOTE = (
    "12 views at 128x128 and 4 samples. The subdivided mesh consists of triangles, whose limit "
    "surface Blender evaluates slowly; the worker evaluates it once per object, the baseline once "
    "per view."
)
SETTINGS = Settings(12, 128, 4)
PATIENT = ("--object-timeout", "3600", "--view-timeout", "3600")
OPTIONS = (*PATIENT, *sides.set_options(sides.PUBLISHED))
CASES = {
    "plain": ("plain mesh of 1.3 million faces", 4, 3.0),
    "subdivided": ("100,000 faces under two levels of subdivision", 1, 8.0),
}


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure seconds per object on both sides."""
    rows = []
    for kind, (what, count, target) in CASES.items():
        models = scratch / kind
        number = 1 if quick else count
        sides.make_models(models, kind, number)
        found = sides.rounds(
            1 if quick or kind == "subdivided" else 3,
            {
                "baseline": partial(sides.baseline, models, scratch / "baseline", SETTINGS, 1),
                "worker": partial(sides.worker, models, scratch / "worker", SETTINGS, *OPTIONS),
            },
        )
        seconds = {name: min(times) / number for name, times in found.items()}
        detail = ", ".join(f"{name} {each:.1f} s per object" for name, each in seconds.items())
        rows.append(at_least(f"{what}, speed-up", sides.ratio(*found.values()), target, detail))
    return rows
