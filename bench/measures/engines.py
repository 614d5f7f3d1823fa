"""Measures a view of each engine at equal size, on the device that is here."""

from __future__ import annotations

import os
from pathlib import Path

from bench import sides
from bench.result import BenchError, Row
from bench.timed import timed
from worker.contract.engines import CYCLES, EEVEE, WORKBENCH
from worker.supervisor import devices

NOTE = (
    "Colour of small objects at 64x64 with 4 samples, steady state of one Blender process: on a "
    "GPU, or on all cores, where EEVEE and Workbench draw in Mesa's software rasteriser."
)
VIEWS = 2
SIZE = (f"views={VIEWS}", "resolution=64", "samples=4")
PLAIN = ("lights.rig=four-suns",)
SETTINGS = {
    CYCLES: (*PLAIN, *sides.FIXED),
    EEVEE: (*PLAIN, "engine=eevee"),
    WORKBENCH: ("engine=workbench", "lights.rig=none", "subject.backfaces=shown"),
}


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure seconds per view, and on a GPU objects per hour. What fails is left out."""
    gpu = bool(devices.visible(os.environ))
    models = scratch / "small"
    sides.make_models(models, "small", 2 if quick else 5)
    rows = []
    for engine, keys in SETTINGS.items():
        device = "auto" if gpu else "cpu" if engine == CYCLES else devices.SOFTWARE
        try:
            ended = timed(models, scratch / engine, [*SIZE, *keys], device=device)
        except BenchError as error:
            sides.say(f"  {engine}: not measured: {error}")
            continue
        spent = ended[1:]  # the first compiles shaders, and starts Blender
        view = sum(each.render_s for each in spent) / len(spent) / VIEWS
        whole = (ended[-1].end_s - ended[0].end_s) / len(spent)
        rate = f"; {3600 / whole:,.0f} objects per hour" if gpu else ""
        rows.append(Row(f"{engine}, --device {device}", f"{view:.3f} s per view{rate}"))
    return rows
