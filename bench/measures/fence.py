"""Measures what the sandbox costs: CPU time of a run, and the start of a child."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from bench import sides
from bench.result import Row, at_most
from bench.sides import Settings
from worker.supervisor.devices import Device
from worker.supervisor.fence.fences import Fences, Surroundings
from worker.supervisor.launch import ANY_CORE, NO_FENCE
from worker.supervisor.process import LAUNCH
from worker.supervisor.runtime import WHEEL, Runtime

NOTE = (
    "The same run with `--sandbox require` and with `--sandbox off`: the CPU time of the worker "
    "and of its Blender processes, medians over rounds in which both take turns. The start is the "
    "wall time of an empty program, launched as a Blender process is, with and without its fence."
)
SETTINGS = Settings(12, 128, 16)
MOST_CPU = 2.0
MOST_START_MS = 100.0


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure both on the bpy wheel."""
    models = scratch / "models"
    sides.make_models(models, "small", 3 if quick else 20)
    modes = ("require", "off")
    cpu = sides.rounds(
        1 if quick else 5,
        {mode: partial(_cpu_of_run, models, scratch / mode, mode) for mode in modes},
    )
    starts = sides.rounds(
        3 if quick else 15, {mode: partial(_start, scratch / "home", mode) for mode in modes}
    )
    fenced, plain = (1000 * statistics.median(starts[mode]) for mode in modes)
    return [
        at_most(
            "CPU time, 128x128, 16 samples: more with the sandbox",
            100 * (sides.ratio(cpu["require"], cpu["off"]) - 1),
            MOST_CPU,
            f"{statistics.median(cpu['require']):.1f} s, "
            f"without {statistics.median(cpu['off']):.1f} s",
            " %",
        ),
        at_most(
            "start of a process: more with the sandbox",
            fenced - plain,
            MOST_START_MS,
            f"{fenced:.0f} ms, without {plain:.0f} ms",
            " ms",
        ),
    ]


def _cpu_of_run(models: Path, output: Path, sandbox: str) -> float:
    """The CPU seconds of a whole run, with all its processes, which have been waited for."""
    before = _cpu_of_children()
    sides.worker(models, output, SETTINGS, "--sandbox", sandbox)
    return _cpu_of_children() - before


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _start(home: Path, sandbox: str) -> float:
    home.mkdir(exist_ok=True)
    begin = time.monotonic()
    runtime = Runtime(WHEEL, (sys.executable,))
    with tempfile.TemporaryFile() as policy:
        given = NO_FENCE
        if sandbox != "off":
            fences = Fences("require", runtime, Surroundings(private=(home.parent,)), os.environ)
            fence = fences.of(Device("cpu"), home)
            policy.write(fence.to_json() if fence else b"")
            policy.seek(0)
            given = str(policy.fileno())
        subprocess.run(
            [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), given, ANY_CORE,
             sys.executable, "-I", "-c", ""],
            pass_fds=[policy.fileno()], check=True,
        )  # fmt: skip
    return time.monotonic() - begin
