"""Runs the worker in this process and records when each object was rendered.

    python -m bench.timed MODELS OUTPUT KEY=VALUE…

Prints a JSON list in order of completion. For each object it has the time of its end and the
duration of the loop over its views, which only calls Blender's render; both are in seconds.
"""

from __future__ import annotations

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


class Ended(msgspec.Struct, frozen=True):
    """The end of an object's render (monotonic clock) and the time in its views, in seconds."""

    end_s: float
    render_s: float


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
        done = super().render(fetched, recipe, scratch, on_phase)
        self.ended.append(Ended(time.monotonic(), done.answer.render_s))
        return done


def timed(models: Path, output: Path, overrides: Sequence[str]) -> list[Ended]:
    """Run this module in a new process. Raises: BenchError."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.timed", str(models), str(output), *overrides],
        cwd=sides.ROOT, env=sides.environment(), capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise BenchError(done.stderr.decode(errors="replace")[-2000:])
    return msgspec.json.decode(done.stdout, type=list[Ended])


def main(models: str, output: str, *overrides: str) -> None:
    """Run the worker and print the result."""
    logging.configure("error")
    vars(runs)["Pool"] = ClockedPool  # patched, so that the rest of the run is the product's code
    runs.run(
        runs.RunOptions(
            index=models, output=output, overrides=overrides, pool=PoolOptions(device="cpu"),
            download_workers=1,  # keeps the objects in order; the first is not counted
        )
    )  # fmt: skip
    sys.stdout.buffer.write(msgspec.json.encode(sorted(ClockedPool.ended, key=lambda e: e.end_s)))


if __name__ == "__main__":
    main(*sys.argv[1:])
