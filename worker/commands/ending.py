"""What is around a run or an export: its log, summary, a sentence for a person, exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console

from worker import log
from worker.errors import WorkerError
from worker.report import summary as summaries
from worker.session import SessionResult


def end_with(work: Callable[[], SessionResult], summary: Path | None, level: str) -> NoReturn:
    """Do `work`, write the summary whatever came of it, and exit. Raises: WorkerError.

    A person who sees a progress bar is told no more than warnings, unless asked for.
    """
    log.configure("warning" if sys.stderr.isatty() and level == "info" else level)
    try:
        result = work()
    except WorkerError as error:
        if summary is not None:
            summaries.write(summary, error.exit_status, error=error)
        raise
    if summary is not None:
        summaries.write(summary, result.status, tally=result.tally, error=result.tally.broken)
    if sys.stderr.isatty():
        Console(stderr=True).print(result.tally.sentence(result.output))
    if result.tally.broken is not None:
        typer.echo(f"render-worker: {result.tally.broken}", err=True)
    raise typer.Exit(result.status)
