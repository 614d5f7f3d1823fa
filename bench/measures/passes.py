"""Measures the cost of rendering all image kinds, compared with colour alone."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from bench import sides
from bench.result import Row, at_most
from bench.timed import timed
from worker.contract.recipe import IMAGES
from worker.core import keys

NOTE = 'All image kinds compared with `images = ["colour"]`: 12 views, steady state.'
SIZE = ["views=12", "resolution=256", "samples=64", *sides.FIXED]


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure the ratio of seconds per object."""
    models = scratch / "small"
    sides.make_models(models, "small", 3 if quick else 10)
    by_file = {keys.IMAGE_ENDINGS[kind]: kind for kind in reversed(IMAGES)}
    sets = {"colour": ["colour"], "all": sorted(by_file.values())}
    ratios, last = [], {}
    for number in range(1 if quick else 3):
        for name, kinds in sets.items():
            ended = timed(
                models, scratch / f"{name}-{number}", [*SIZE, f"images={json.dumps(kinds)}"]
            )
            last[name] = (ended[-1].end_s - ended[0].end_s) / (len(ended) - 1)
        ratios.append(last["all"] / last["colour"])
    detail = f"{len(by_file)} kinds {last['all']:.2f} s per object, colour {last['colour']:.2f} s"
    return [at_most("256x256, 64 samples, ratio of times", statistics.median(ratios), 1.5, detail)]
