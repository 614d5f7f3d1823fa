"""python -m tests.fuzz --minutes 60 --keep DIR: see `make fuzz`."""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import typer

from tests.fuzz import batch, containers, seeds
from tests.fuzz.figures import Figures
from tests.fuzz.guard import Guard, guarding
from tests.fuzz.seeds import Model

SUSPECTS = 40
"""Of the objects that a dead worker has left, so many are tried alone."""


def main() -> int:
    """Run batches until the time is up; 1 if something happened that never may."""
    given = _options()
    given.keep.mkdir(parents=True, exist_ok=True)
    figures = Figures()
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-", dir=given.scratch) as base,
        guarding(Path(base) / "work", batch.ITS) as guard,
    ):
        typer.echo("making the seeds", err=True)
        made = seeds.make(Path(base) / "seeds")
        end = time.monotonic() + given.minutes * 60
        try:
            for first in itertools.count(given.first, given.batch):
                models = {
                    f"{number:07d}": containers.model(number, given.seed, made, guard.targets)
                    for number in range(first, first + given.batch)
                }
                figures.add(_batch(guard, models, figures, given.keep))
                typer.echo(f"\r{figures.line()}", err=True)
                if time.monotonic() > end:
                    break
        except KeyboardInterrupt:
            typer.echo("\nstopped; the figures so far:", err=True)
    messages = [f"{code}\t{said}" for (code, _), said in sorted(figures.messages.items())]
    (given.keep / "messages.tsv").write_text("\n".join(messages) + "\n")
    typer.echo(figures.table())
    for line in figures.escapes:
        typer.echo(f"ESCAPE: {line}")
    typer.echo(f"seed {given.seed}; what killed, and every kind of message: {given.keep}")
    return int(figures.bad)


def _batch(guard: Guard, models: dict[str, Model], figures: Figures, keep: Path) -> batch.Batch:
    """Run one, and keep what was bad about it."""

    def progress(done: int) -> None:
        if sys.stderr.isatty():
            typer.echo(f"\r{done} of {len(models)} after {figures.inputs}  ", nl=False, err=True)

    ended = batch.run(guard, models, progress)
    _keep(keep / "children", models, ended.killers)
    if ended.escapes:
        names = _guilty(guard, models, models, lambda each: bool(each.escapes))
        _keep(keep / "escapes", models, names)
    if ended.worker_died:
        keep.joinpath(f"worker-{min(models)}.log").write_text(ended.log)
        suspects = itertools.islice(ended.missing, SUSPECTS)
        names = _guilty(guard, models, suspects, lambda each: each.worker_died)
        _keep(keep / "worker", models, names)
    return ended


def _guilty(guard: Guard, models: dict[str, Model], names: Iterable[str], is_bad) -> list[str]:
    """Those that do it alone."""
    return [name for name in names if is_bad(batch.run(guard, {name: models[name]}))]


def _keep(folder: Path, models: dict[str, Model], names: Iterable[str]) -> None:
    for name in names:
        shutil.rmtree(folder / name, ignore_errors=True)
        models[name].write(folder / name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="no batch begins after them")
    parser.add_argument("--keep", type=Path, required=True, help="folder for what killed")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    parser.add_argument("--first", type=int, default=0, help="number of the first model")
    parser.add_argument("--batch", type=int, default=200, help="models of each run")
    parser.add_argument("--scratch", type=Path, help="where a temporary folder is made")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
