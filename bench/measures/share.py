"""Measures the fraction of the time in which Blender renders."""

from __future__ import annotations

from pathlib import Path

from bench import sides
from bench.result import Row, at_least
from bench.timed import timed

NOTE = (
    "Measured from the end of the first object to the end of the last, with one child and 12 "
    "views: time in the loop over the views (aim the camera, render, write the raw passes) "
    "divided by wall time. The rest is import, scene set-up, packing and the pipeline."
)
CASES = (((128, 16), 20, 0.85), ((512, 64), 5, 0.97))
"""(size, samples), number of objects, and target fraction."""


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure the fraction at two sizes."""
    rows = []
    for (resolution, samples), count, target in CASES:
        models = scratch / f"models-{resolution}"
        sides.make_models(models, "small", 3 if quick else count)
        keys = ["views=12", f"resolution={resolution}", f"samples={samples}", *sides.FIXED]
        ended = timed(models, scratch / f"share-{resolution}", keys)
        wall = ended[-1].end_s - ended[0].end_s
        rendering = sum(one.render_s for one in ended[1:])
        rows.append(
            at_least(
                f"{resolution}x{resolution}, {samples} samples",
                rendering / wall,
                target,
                f"{wall / (len(ended) - 1):.2f} s per object",
            )
        )
    return rows
