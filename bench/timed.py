"""Runs the worker in this process and records when each object was rendered.

    python -m bench.timed JSON

JSON is a `Run`. Prints a JSON list of `Ended` in order of completion.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bench import sides
from bench.result import BenchError
from worker.contract.protocol import Phase
from worker.contract.recipe import Recipe
from worker.core import logging
from worker.run import command as runs
from worker.sources.base import FetchedObject
from worker.supervisor.pool import Pool, PoolOptions
from worker.supervisor.result import RenderedObject


class Run(msgspec.Struct, frozen=True):
    """What is run: a folder of models, on the first `cores` cores, 0 for all."""

    models: str
    output: str
    overrides: tuple[str, ...]
    children: int = 1
    cores: int = 0
    blender: str = "bpy"
    device: str = "cpu"


class Ended(msgspec.Struct, frozen=True):
    """An object's render, from its begin to its end (monotonic clock), in seconds."""

    begin_s: float
    end_s: float
    render_s: float
    """Time in the loop over its views, which only calls Blender's render."""
    render_cpu_s: float
    """CPU seconds of Blender in that loop."""
    worker_cpu_s: float
    """CPU seconds of the worker itself, without Blender, since it started."""

    def share(self, begin_s: float, end_s: float) -> float:
        """The part of it that lies between two times, 0 to 1."""
        inside = min(self.end_s, end_s) - max(self.begin_s, begin_s)
        return max(0.0, inside) / (self.end_s - self.begin_s)


class Steady(msgspec.Struct, frozen=True):
    """A run between its start and its end, while all children are at work; of one object."""

    object_s: float
    """Wall time, divided by the objects rendered in it, of which some are parts."""
    render_cpu_s: float
    worker_cpu_s: float

    def over_bound(self, cores: int) -> float:
        """Wall time over the least possible: the CPU seconds of Blender's renders on `cores`."""
        return self.object_s * cores / self.render_cpu_s


class ClockedPool(Pool):
    """A pool that records when each object was rendered."""

    ended: list[Ended] = []  # noqa: RUF012 - there is one run per process

    def render(
        self,
        fetched: FetchedObject,
        recipe: Recipe,
        scratch: Path,
        on_phase: Callable[[Phase], None] = lambda _: None,
    ) -> RenderedObject:
        """Render as `Pool.render` does, and record the end."""
        begin = time.monotonic()
        done = super().render(fetched, recipe, scratch, on_phase)
        answer, end = done.answer, time.monotonic()
        self.ended.append(
            Ended(begin, end, answer.render_s, answer.render_cpu_s, time.process_time())
        )
        return done


def timed(
    models: Path,
    output: Path,
    overrides: Sequence[str],
    children: int = 1,
    cores: int = 0,
    blender: str = "bpy",
    device: str = "cpu",
) -> list[Ended]:
    """Run this module in a new process. Raises: BenchError."""
    run = Run(str(models), str(output), tuple(overrides), children, cores, blender, device)
    done = subprocess.run(
        [sys.executable, "-m", "bench.timed", msgspec.json.encode(run).decode()],
        cwd=sides.ROOT, env=sides.environment(), capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise BenchError(done.stderr.decode(errors="replace")[-2000:])
    return msgspec.json.decode(done.stdout, type=list[Ended])


def steady(ended: Sequence[Ended], children: int) -> Steady:
    """From the end of the last child's first object to that of the last object but the others'.

    At both times the other children are in the middle of an object, which counts in part.
    Raises: BenchError, if there are too few objects.
    """
    counted = ended[children - 1 : len(ended) - children + 1]
    if len(counted) <= 1:
        raise BenchError(f"{len(ended)} objects are too few for {children} children")
    first, last = counted[0], counted[-1]
    shares = [each.share(first.end_s, last.end_s) for each in ended]
    count = sum(shares)
    rendering = sum(a * each.render_cpu_s for a, each in zip(shares, ended, strict=True))
    return Steady(
        object_s=(last.end_s - first.end_s) / count,
        render_cpu_s=rendering / count,
        worker_cpu_s=(last.worker_cpu_s - first.worker_cpu_s) / count,
    )


def main(given: str) -> None:
    """Run the worker and print the result."""
    run = msgspec.json.decode(given, type=Run)
    if run.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: run.cores])
    logging.configure("error")
    vars(runs)["Pool"] = ClockedPool  # patched, so that the rest of the run is the product's code
    runs.run(
        runs.RunOptions(
            index=run.models, output=run.output, overrides=run.overrides, blender=run.blender,
            pool=PoolOptions(device=run.device, children_per_device=run.children),
            download_workers=1,  # keeps the objects in order; the first is not counted
        )
    )  # fmt: skip
    sys.stdout.buffer.write(msgspec.json.encode(sorted(ClockedPool.ended, key=lambda e: e.end_s)))


if __name__ == "__main__":
    main(*sys.argv[1:])
