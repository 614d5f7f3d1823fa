"""One run of the worker in this process, with a clock on Blender's render calls.

    python -m bench.timed MODELS OUTPUT KEY=VALUE…

Prints JSON: per object, in the order of their ends, the second it ended and the seconds inside
the loop over its views, which does nothing but call Blender's render.
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
    """One object's render."""

    end_s: float
    render_s: float


class ClockedPool(Pool):
    """A pool that notes when each object was done."""

    ended: list[Ended] = []  # noqa: RUF012 - one run a process

    def render(
        self,
        fetched: FetchedObject,
        recipe: Recipe,
        scratch: Path,
        on_phase: Callable[[Phase], None] = lambda _: None,
    ) -> RenderedObject:
        """As `Pool.render`."""
        done = super().render(fetched, recipe, scratch, on_phase)
        self.ended.append(Ended(time.monotonic(), done.answer.render_s))
        return done


def timed(models: Path, output: Path, overrides: Sequence[str]) -> list[Ended]:
    """Run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.timed", str(models), str(output), *overrides],
        cwd=sides.ROOT, env=sides.environment(), capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise BenchError(done.stderr.decode(errors="replace")[-2000:])
    return msgspec.json.decode(done.stdout, type=list[Ended])


def main(models: str, output: str, *overrides: str) -> None:
    """Run and print."""
    logging.configure("error")
    vars(runs)["Pool"] = ClockedPool  # the one seam that needs no second pipeline
    runs.run(
        runs.RunOptions(
            index=models, output=output, overrides=overrides, pool=PoolOptions(device="cpu"),
            download_workers=1,  # the objects come in their order: the first is not counted
        )
    )  # fmt: skip
    sys.stdout.buffer.write(msgspec.json.encode(sorted(ClockedPool.ended, key=lambda e: e.end_s)))


if __name__ == "__main__":
    main(*sys.argv[1:])
