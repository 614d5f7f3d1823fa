"""python -m tests.fuzz --minutes 60 --keep DIR: see `make fuzz`."""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import typer

from tests.fuzz import batch, containers, seeds
from tests.fuzz.batch import Batch
from tests.fuzz.figures import Figures
from tests.fuzz.guard import Guard, guarding
from tests.fuzz.seeds import Model

BAD: Final[dict[str, Callable[[Batch], bool]]] = {
    "escapes": lambda ended: bool(ended.escapes),
    "worker-deaths": lambda ended: ended.worker_died,
}
"""What never may be, by the name of the folder that keeps the models."""


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
                _batch(guard, models, figures, given.keep)
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


def _batch(guard: Guard, models: dict[str, Model], figures: Figures, keep: Path) -> None:
    """Run one, count it, and keep what was bad about it."""

    def progress(done: int) -> None:
        if sys.stderr.isatty():
            said = f"\r{done} of {len(models)} after {figures.inputs}  "
            typer.echo(said, nl=False, err=True)

    ended = batch.run(guard, models, progress)
    figures.add(ended)
    typer.echo(f"\r{figures.line()}", err=True)
    _keep(keep / "children", models, ended.killers)
    for what, is_bad in BAD.items():
        if is_bad(ended):
            keep.joinpath(f"{what}-{min(models)}.log").write_text(ended.log)
            typer.echo(f"looking for what {what} comes from", err=True)
            _keep(keep / what, models, _guilty(guard, models, is_bad))


def _guilty(guard: Guard, models: dict[str, Model], is_bad: Callable[[Batch], bool]) -> list[str]:
    """Those that do it alone, found by halving."""
    if len(models) == 1:
        return list(models)
    names = sorted(models)
    halves = names[: len(names) // 2], names[len(names) // 2 :]
    found = []
    for half in halves:
        chosen = {name: models[name] for name in half}
        if is_bad(batch.run(guard, chosen)):
            found += _guilty(guard, chosen, is_bad)
    return found


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
