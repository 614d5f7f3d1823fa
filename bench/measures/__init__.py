"""The benchmarks by name, in the order of docs/performance.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.measures import (
    blenders,
    clouds,
    cores,
    engines,
    far,
    fence,
    gallery,
    gpu,
    heavy,
    numbers,
    passes,
    quality,
    reading,
    scale,
    share,
    small,
)
from bench.result import Row


class Measure(msgspec.Struct, frozen=True):
    """One benchmark; `measure(scratch, quick)` returns its rows.

    scratch: an empty folder. quick: whether to only test that the benchmark works.
    """

    title: str
    measure: Callable[[Path, bool], list[Row]]
    note: str
    after: str = ""
    """Markdown below the table."""


MEASURES = {
    "small": Measure("Small objects", small.measure, small.NOTE),
    "cores": Measure("Cores", cores.measure, cores.NOTE),
    "blenders": Measure("Two Blenders at equal noise", blenders.measure, blenders.NOTE),
    "heavy": Measure("Heavy objects", heavy.measure, heavy.NOTE),
    "share": Measure("Share of time inside Blender's render calls", share.measure, share.NOTE),
    "numbers": Measure("Statistics of views", numbers.measure, numbers.NOTE),
    "passes": Measure("Every pass against colour alone", passes.measure, passes.NOTE),
    "quality": Measure("Quality for time", quality.measure, quality.NOTE, quality.AFTER),
    "engines": Measure("Engines", engines.measure, engines.NOTE),
    "fence": Measure("Sandbox", fence.measure, fence.NOTE),
    "scale": Measure("Scale", scale.measure, scale.NOTE),
    "far": Measure("A store far away", far.measure, far.NOTE),
    "clouds": Measure("Point clouds", clouds.measure, clouds.NOTE),
    "gallery": Measure("Gallery", gallery.measure, gallery.NOTE),
    "reading": Measure("Reading", reading.measure, reading.NOTE),
    "gpu": Measure("GPU", gpu.measure, gpu.NOTE),
}
