"""Measures children that are pinned to a core each against one child with all cores."""

from __future__ import annotations

import os
import shutil
import statistics
from pathlib import Path
from typing import Final

import msgspec

from bench import sides
from bench.result import Row, at_least
from bench.sides import Settings
from bench.timed import Steady, steady, timed

NOTE = (
    "Two pinned children of one thread against one child of two threads, on two cores: objects in "
    "the same time, in the steady state, with 12 views per object; medians over rounds in which "
    "both take turns. From the two, by Amdahl, an object's serial seconds s and its parallel core "
    "seconds p, and so what more cores would do: one child takes s + p/n seconds an object, n "
    "children (s + p)/n: the smaller s, the less there is to gain. Those rows are predictions, not "
    "measurements. They leave out that memory and caches are shared, and that a processor with all "
    "cores at work is slower. The worker packs every zip in one process: if that needs longer than "
    "the children, start several workers on such a machine."
)
PAIR: Final = 2
TARGETS: Final = {Settings(12, 64, 4): (20, 1.3), Settings(12, 512, 16): (6, 1.0)}
"""Number of objects, and target, by settings."""
PREDICTED: Final = (16, 64)


class Parts(msgspec.Struct, frozen=True):
    """Seconds of an object: what one core does alone, and core seconds that all share."""

    serial: float
    parallel: float

    def one_child(self, cores: int) -> float:
        """Seconds per object of one child with all cores."""
        return self.serial + self.parallel / cores

    def pinned(self, cores: int) -> float:
        """Seconds per object of a child on each core."""
        return (self.serial + self.parallel) / cores


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure both numbers of children on two cores, and predict larger machines."""
    if len(os.sched_getaffinity(0)) < PAIR:
        sides.say("  fewer than two cores: not measured")
        return []
    rows = []
    for settings, (objects, target) in TARGETS.items():
        models = scratch / f"models-{settings.resolution}"
        sides.make_models(models, "small", 2 * PAIR if quick else objects)
        size = f"{settings.resolution}x{settings.resolution}, {settings.samples} samples"
        rendered = msgspec.structs.replace(settings, samples=1) if quick else settings
        one, two = _rounds(models, scratch / "out", rendered, 1 if quick else 3)
        ratio = statistics.median(a.object_s / b.object_s for a, b in zip(one, two, strict=True))
        whole, each = (statistics.median(run.object_s for run in runs) for runs in (one, two))
        rows.append(
            at_least(
                f"{size}, two pinned children against one", ratio, target,
                f"{whole:.2f} and {each:.2f} s per object",
            )
        )  # fmt: skip
        own = statistics.median(run.worker_cpu_s for run in two)
        rows += [_prediction(size, parts_of(whole, each), own, cores) for cores in PREDICTED]
    return rows


def parts_of(whole: float, each: float) -> Parts:
    """From the seconds per object of one child with two cores, and of two with one each."""
    alone = PAIR * each  # of one child on one core
    return Parts(serial=max(0.0, PAIR * whole - alone), parallel=min(alone, 2 * (alone - whole)))


def _rounds(
    models: Path, output: Path, settings: Settings, count: int
) -> tuple[list[Steady], list[Steady]]:
    runs: dict[int, list[Steady]] = {1: [], PAIR: []}
    for number in range(count):
        for children in sorted(runs, reverse=bool(number % 2)):
            shutil.rmtree(output, ignore_errors=True)
            ended = timed(models, output, settings.keys(), children, PAIR)
            runs[children].append(steady(ended, children))
            sides.say(f"  {children} children: {runs[children][-1].object_s:.2f} s per object")
    return runs[1], runs[PAIR]


def _prediction(size: str, parts: Parts, own: float, cores: int) -> Row:
    one, many = parts.one_child(cores), parts.pinned(cores)
    return Row(
        f"{size}, {cores} cores, predicted",
        f"{one / many:.1f} ({60 / one:.0f} objects per minute with one child, {60 / many:.0f} with "
        f"{cores}; the worker's own {own:.2f} CPU seconds per object allow {60 / own:.0f} on one "
        "core)",
    )
