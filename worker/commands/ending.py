"""How a run and an export end: log level, summary, result line and exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, NoReturn

import typer
from rich.console import Console

from worker.contract.escaping import printable
from worker.core import logging
from worker.core.errors import ExitStatus
from worker.run import termination_summary as summaries
from worker.run.session import SessionResult

AGAIN: Final = "stopped; run the same command again to go on where it stopped"


def end_with(work: Callable[[], SessionResult], level: str) -> NoReturn:
    """Run `work`, write its summary and exit. If it raises, `worker.cli` writes the summary.

    On a terminal, which shows a progress bar, log level "info" becomes "warning".
    """
    logging.configure("warning" if sys.stderr.isatty() and level == "info" else level)
    result = work()
    summaries.write(result.status, counts=result.counts, error=result.counts.error)
    if sys.stderr.isatty():
        Console(stderr=True).print(result.counts.sentence(result.output))
    if result.status is ExitStatus.INTERRUPTED:
        typer.echo(f"render-worker: {AGAIN}", err=True)
    if (error := result.counts.error) is not None:
        typer.echo(f"render-worker: {printable(str(error))}", err=True)
    raise typer.Exit(result.status)
