"""Measures what the statistics of views cost a run."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from bench import sides
from bench.result import Row, at_most
from bench.timed import timed
from worker.core import keys
from worker.pack import coverage, statistics

NOTE = (
    "The statistics of the 12 views of each object (`worker/pack/statistics.py`), computed again "
    "from the images in the zips by one thread, divided by the wall time of the run from the end "
    "of its first object to the end of its last. Colour images, steady state."
)
REPEATS = 20


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure the share of the statistics in a run's time."""
    models, output = scratch / "models", scratch / "numbers"
    sides.make_models(models, "small", 3 if quick else 20)
    recipe = ["views=12", "resolution=128", "samples=16", *sides.FIXED]
    ended = timed(models, output, recipe)
    wall = (ended[-1].end_s - ended[0].end_s) / (len(ended) - 1)
    zips = sorted((output / keys.RENDERS).iterdir())
    seconds = sum(map(_seconds, zips)) / len(zips)
    return [
        at_most(
            "statistics at 128x128 and 16 samples, share of the run", 100 * seconds / wall, 3,
            f"{seconds * 1e3:.1f} ms of {wall:.2f} s per object", " %",
        )
    ]  # fmt: skip


def _seconds(path: Path) -> float:
    """The time of one object's statistics; the least of several."""
    pictures = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            file = PurePosixPath(name)
            if file.suffix == ".png" and file.stem.isdigit():
                pictures[file.stem] = np.asarray(Image.open(io.BytesIO(archive.read(name))))
    shown = {name: pixels[..., 3] > 0 for name, pixels in pictures.items()}
    best = float("inf")
    for _ in range(REPEATS):
        begin = time.perf_counter()
        views = {
            name: statistics.of_views(shown[name][None], pixels[None])[0]
            for name, pixels in pictures.items()
        }
        least = min(view.coverage for view in views.values())
        whole = statistics.of_object(views, coverage.Coverage(least=least, mean=least))
        statistics.describe(views, whole, "colour")
        best = min(best, time.perf_counter() - begin)
    return best
