"""Progress of a run: a bar on a terminal, log lines elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, Protocol

import structlog
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from worker.index.record import ObjectRef
from worker.ledger import Outcome
from worker.sources.base import FetchedObject

log = structlog.get_logger(__name__)


class Observer(Protocol):
    """Receives the events of a run, an export or a fetch, from many threads."""

    def settled(self, count: int) -> None:
        """`count` objects of a shard were settled by an earlier run."""
        ...

    def fetched(self, fetched: FetchedObject) -> None:
        """An object is on local disk."""
        ...

    def rendering(self, ref: ObjectRef) -> None:
        """Blender starts to render `ref`; in an export or a fetch, its step begins."""
        ...

    def outcome(self, outcome: Outcome) -> None:
        """An object has its outcome."""
        ...


class LogObserver:
    """Writes one log line per outcome."""

    def settled(self, count: int) -> None:
        """`count` objects of a shard were settled by an earlier run."""
        log.info("settled earlier", objects=count)

    def fetched(self, fetched: FetchedObject) -> None:
        """An object is on local disk: nothing to show."""

    def rendering(self, ref: ObjectRef) -> None:
        """Blender starts to render `ref`."""
        log.debug("rendering", object=ref.file_identifier)

    def outcome(self, outcome: Outcome) -> None:
        """An object has its outcome."""
        fields = {"object": outcome.file_identifier, **outcome.seconds}
        if outcome.interrupted:
            log.info("interrupted", phase=outcome.step, **fields)
        elif outcome.outcome == "failed":
            log.warning(
                "failed", phase=outcome.step, code=outcome.code, reason=outcome.message, **fields
            )
        else:
            log.info(outcome.outcome, **fields)


WHOLE: Final = Column(no_wrap=True)
"""Format of columns that keep their width on a narrow terminal; the name and the bar shrink."""


class NameColumn(ProgressColumn):
    """The current work and its object, truncated to fit."""

    def render(self, task: Task) -> Text:
        """One line of plain text: a hostile file name may contain escape codes."""
        name = "".join(char for char in task.fields["current"] if char.isprintable())
        return Text(f"{task.description} {name}", no_wrap=True, overflow="ellipsis")


class RateColumn(ProgressColumn):
    """Objects per minute."""

    def render(self, task: Task) -> Text:
        """Show a dash until the first object is done."""
        return Text(f"{60 * task.speed:.1f}/min" if task.speed else "–/min", style="cyan")


class ProgressObserver:
    """A progress bar with rate, failures and time left; each failure is also logged."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def settled(self, count: int) -> None:
        """`count` objects of a shard were settled by an earlier run."""
        self._progress.update(self._task, advance=count)

    def fetched(self, fetched: FetchedObject) -> None:
        """An object is on local disk: nothing to show."""

    def rendering(self, ref: ObjectRef) -> None:
        """Blender starts to render `ref`."""
        name = ref.file_identifier.rsplit("/", 1)[-1]
        self._progress.update(self._task, current=name)

    def outcome(self, outcome: Outcome) -> None:
        """An object has its outcome."""
        if outcome.interrupted:
            return  # not done: the next run takes it up
        with self._lock:
            self._counts[outcome.outcome] += 1
            failed = self._counts["failed"]
        if outcome.outcome == "failed":
            log.warning(
                "failed", object=outcome.file_identifier, phase=outcome.step, code=outcome.code,
                reason=outcome.message,
            )  # fmt: skip
        if outcome.outcome != "new":
            self._progress.update(self._task, advance=1, failed=failed)


@contextmanager
def watching(
    total: int | None, *, doing: str = "rendering", terminal: bool | None = None
) -> Iterator[Observer]:
    """An observer for stderr: a bar over `total` objects on a terminal, else log lines."""
    if not (sys.stderr.isatty() if terminal is None else terminal):
        yield LogObserver()
        return
    progress = Progress(
        SpinnerColumn(table_column=WHOLE),
        NameColumn(table_column=Column(ratio=2)),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        MofNCompleteColumn(table_column=WHOLE),
        RateColumn(table_column=WHOLE),
        TextColumn("[red]{task.fields[failed]} failed", table_column=WHOLE),
        TimeElapsedColumn(table_column=WHOLE),
        TextColumn("left", table_column=WHOLE),
        TimeRemainingColumn(table_column=WHOLE),
        console=Console(stderr=True),
        speed_estimate_period=600,
        expand=True,
    )
    with progress:
        task = progress.add_task(doing, total=total, current="", failed=0)
        yield ProgressObserver(progress, task)
