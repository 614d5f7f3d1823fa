"""Compares the worker with one Blender process per object, on many small objects."""

from __future__ import annotations

import shutil
import statistics
from functools import partial
from pathlib import Path

import msgspec

from bench import machine, sides
from bench.result import Row, at_least, at_most
from bench.sides import Settings
from bench.timed import Steady, steady, timed
from worker import presets
from worker.supervisor import shares
from worker.supervisor.shares import Asked, Work

NOTE = (
    "Wall time from program start to the last zip, including start-up, with 12 views per object; "
    "medians over rounds in which all sides take turns. The baseline is the faster of one Blender "
    "process at a time and one per core (`bench/blender/baseline.py`). The published scripts "
    "start one Blender program per object; the bpy wheel, which starts in half the time, is "
    "measured too. All sides use the same Blender, and render the same objects with the cameras "
    "and lights of the published scripts. In the steady state, the worker is timed while all its "
    "Blender processes are at work; the rest of its wall time is start-up, and the wait for the "
    "last objects. The bound is that of preset `default` with as many samples, whose objects fill "
    "the frame: the CPU time inside Blender's render calls, divided by the cores."
)


class Target(msgspec.Struct, frozen=True):
    """`speed_up`: over the baseline. `bound`: the steady state's wall time over its bound."""

    speed_up: float
    bound: float


TARGETS = {Settings(12, 128, 16): Target(1.8, 1.05), Settings(12, 64, 4): Target(3.0, 1.15)}


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure objects per minute on all sides, with each installed Blender."""
    count = 2 * machine.cores() + 2 if quick else max(20, 6 * machine.cores())
    models = scratch / "small"
    sides.make_models(models, "small", count)
    program = shutil.which("blender")
    if program is None:
        sides.say("  no program 'blender' on PATH: only the bpy wheel is measured")
    blenders = {"bpy": "the bpy wheel", **({program: "a Blender program"} if program else {})}
    return [
        row
        for blender, name in blenders.items()
        for settings in TARGETS
        for row in _rows(models, scratch, settings, blender, name, quick)
    ]


def _rows(
    models: Path, scratch: Path, settings: Settings, blender: str, name: str, quick: bool
) -> list[Row]:
    count = len(sides.models_in(models))
    baseline, worker = scratch / "baseline", scratch / "worker"
    published = [*settings.keys(), *sides.PUBLISHED]
    middles: list[Steady] = []

    def middle() -> float:
        """The seconds of all objects in the steady state."""
        return count * _steady(models, worker, published, blender).object_s

    def default() -> float:
        """The same with preset `default`."""
        middles.append(_steady(models, worker, settings.keys(), blender))
        return count * middles[-1].object_s

    found = sides.rounds(
        1 if quick else 3,
        {
            "one at a time": partial(sides.baseline, models, baseline, settings, 1, blender),
            "one per core": partial(
                sides.baseline, models, baseline, settings, machine.cores(), blender
            ),
            "worker": partial(
                sides.worker,
                models,
                worker,
                settings,
                *sides.set_options(sides.PUBLISHED),
                blender=blender,
            ),
            "worker, steady": middle,
            "default, steady": default,
        },
    )
    ours, within = found.pop("worker"), found.pop("worker, steady")
    del found["default, steady"]  # its parts are in `middles`
    rates = [
        f"{side} {60 * count / min(times):.0f} ({sides.ratio(times, ours):.2f})"
        for side, times in found.items()
    ]
    size = f"{settings.resolution}x{settings.resolution}, {settings.samples} samples"
    what = f"{count} objects, {size}, {name}"
    target = TARGETS[settings]
    start = statistics.median(a - b for a, b in zip(ours, within, strict=True))
    seconds, inside, packing = (
        statistics.median(getattr(each, part) for each in middles)
        for part in ("object_s", "render_cpu_s", "worker_cpu_s")
    )
    return [
        at_least(
            f"{what}, speed-up",
            min(sides.ratio(times, ours) for times in found.values()),
            target.speed_up,
            f"{60 * count / min(ours):.0f} objects per minute; baseline {', '.join(rates)}",
        ),
        at_least(
            f"{what}, speed-up in the steady state",
            min(sides.ratio(times, within) for times in found.values()),
            target.speed_up,
            f"{60 * count / min(within):.0f} objects per minute; {start:.1f} s of "
            f"{statistics.median(ours):.1f} s are start-up and end",
        ),
        at_most(
            f"{what}, preset default, wall time over its bound in the steady state",
            statistics.median(each.over_bound(machine.cores()) for each in middles),
            target.bound,
            f"{seconds:.2f} s per object, {inside:.2f} CPU seconds in Blender's render calls, "
            f"{packing:.2f} of the worker itself",
        ),
    ]


def _steady(models: Path, output: Path, keys: list[str], blender: str) -> Steady:
    shutil.rmtree(output, ignore_errors=True)
    count = len(sides.models_in(models))
    recipe = presets.load("default", keys)
    children = shares.per_device("cpu", Asked(), Work(count, recipe))
    ended = timed(models, output, keys, children, blender=blender)
    return steady(ended, children)
