"""Measures the export of point clouds of the usual size, in seconds per object."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from bench import machine, sides
from bench.result import BenchError, Row, at_most
from bench.sides import Settings

NOTE = (
    "`render-worker export pointcloud` on objects rendered with preset `gpt4point`: 20 views at "
    "512x512; 131072 random points, of which the farthest 16384 are written in three formats and "
    "verified. Wall time from program start, divided by the number of objects; best of three "
    "runs. The objects were rendered with fewer samples than the preset has, which does not "
    "affect the time."
)
SETTINGS = Settings(20, 512, 4)
LAYOUTS = ("gpt4point", "exact")
TARGET_S = 5.0


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure seconds per object for each layout."""
    count = 1 if quick else 4
    models, rendered = scratch / "models", scratch / "rendered"
    sides.make_models(models, "small", count)
    sides.worker(models, rendered, SETTINGS, "--preset", "gpt4point")
    rows = []
    for layout in LAYOUTS:
        runs = [
            _export(rendered, scratch / "clouds", layout, count) for _ in range(1 if quick else 3)
        ]
        rows.append(
            at_most(
                f"seconds per object, --layout {layout}",
                min(runs) / count,
                TARGET_S,
                f"{count} objects on {machine.cores()} cores, {min(runs):.1f} s in all",
                " s",
            )
        )
    return rows


def _export(rendered: Path, to: Path, layout: str, count: int) -> float:
    """The duration of one export of all objects, in seconds."""
    shutil.rmtree(to, ignore_errors=True)
    begin = time.monotonic()
    sides.quietly(
        [sys.executable, "-m", "worker", "export", "pointcloud", "--layout", layout,
         "--input", str(rendered), "--to", str(to)]
    )  # fmt: skip
    took = time.monotonic() - begin
    found = len(list(to.glob("npz/*.npz")))
    if found != count:
        raise BenchError(f"the export made {found} clouds from {count} objects")
    return took
