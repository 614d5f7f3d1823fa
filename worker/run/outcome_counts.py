"""Counts of one run's outcomes, and the exit status that follows from them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from worker.core.errors import ExitStatus, InternalError, ShardBroken, WorkerError
from worker.index.reader import all_of
from worker.ledger import Outcome

BUGS_IN_A_ROW: Final = 10
"""Objects that meet a bug, without one that is done between them, after which a run ends."""


class OutcomeCounts:
    """Counts outcomes. Thread-safe."""

    def __init__(self, doing: Literal["rendered", "exported", "fetched"] = "rendered") -> None:
        self._doing = doing
        self._lock = threading.Lock()
        self.now: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.earlier: Counter[str] = Counter()
        self.incomplete = 0
        """Objects rendered without some file that they name and that does not exist."""
        self.undecodable = 0
        """Objects rendered without some file that cannot be decoded."""
        self.unfinished = 0
        """Objects that were begun and not finished when the worker stopped."""
        self.interrupted = False
        self._bugs_in_a_row = 0
        self.broken: tuple[ShardBroken, ...] = ()
        """Errors of shards of which no object was rendered."""

    def add(self, outcome: Outcome) -> None:
        """Count an outcome of this run."""
        with self._lock:
            if outcome.interrupted:
                self.unfinished += 1
                self.interrupted = True
                return
            self.now[outcome.outcome] += 1
            self.incomplete += outcome.missing > 0
            self.undecodable += outcome.undecodable > 0
            if outcome.code is not None:
                self.codes[outcome.code] += 1
            if outcome.code == InternalError.code:
                self._bugs_in_a_row += 1
            elif outcome.done and not self.buggy:
                self._bugs_in_a_row = 0

    def skipped(self, settled: Iterable[Outcome], broken: Sequence[ShardBroken]) -> None:
        """Count what a feed did not yield: settled objects, and shards that cannot be read."""
        for outcome in settled:
            self.add_earlier(outcome)
        self.broken = tuple(broken)

    def add_earlier(self, outcome: Outcome) -> None:
        """Count an outcome that was settled by an earlier run."""
        with self._lock:
            self.earlier[outcome.outcome] += 1

    def summary(self) -> dict[str, int | dict[str, int]]:
        """The counts as fields of a log line."""
        return {
            **{kind: self.now[kind] for kind in (self._doing, "failed", "new")},
            "interrupted": self.unfinished,
            "missing_files": self.incomplete,
            "undecodable_files": self.undecodable,
            "settled_earlier": self.earlier.total(),
            "broken_shards": len(self.broken),
            "codes": dict(self.codes),
        }

    def sentence(self, output: str) -> str:
        """The counts as one line of text."""
        codes = ", ".join(f"{count} {code}" for code, count in self.codes.most_common())
        parts = [f"{self.now[self._doing]} {self._doing}"]
        parts += [f"{self.incomplete} of them with missing files"] if self.incomplete else []
        if self.undecodable:
            parts += [f"{self.undecodable} with files that cannot be decoded"]
        parts += [f"{self.now['failed']} failed ({codes})"] if codes else []
        parts += [f"{self.unfinished} interrupted"] if self.unfinished else []
        parts += [f"{self.now['new']} new, not rendered"] if self.now["new"] else []
        parts += [f"{self.earlier.total()} done before"] if self.earlier else []
        parts += [f"{len(self.broken)} broken shards"] if self.broken else []
        stopped = "stopped before the end: " if self.interrupted or self.buggy else ""
        return f"{stopped}{', '.join(parts)} → {output}"

    @property
    def failure_rate(self) -> float:
        """Share of this rank's objects that failed, earlier runs included; 0 without objects."""
        both = self.now + self.earlier
        done = both["failed"] + both[self._doing]
        return both["failed"] / done if done else 0.0

    @property
    def buggy(self) -> bool:
        """Whether so many objects in a row met a bug that the worker is what is broken."""
        return self._bugs_in_a_row >= BUGS_IN_A_ROW

    @property
    def error(self) -> WorkerError | None:
        """What kept objects from being begun, besides a stop."""
        if self.buggy:
            return WorkerError(
                f"{BUGS_IN_A_ROW} objects met a bug in the worker, and none was {self._doing} "
                "between them, so no more were begun; the log has the tracebacks: report it"
            )
        return all_of(self.broken) if self.broken else None

    def exit_status(self, max_failure_rate: float) -> ExitStatus:
        """The exit status of the process."""
        if self.buggy:
            return ExitStatus.BUG
        if self.interrupted:
            return ExitStatus.INTERRUPTED
        if self.broken:
            return ShardBroken.exit_status
        if self.failure_rate > max_failure_rate:
            return ExitStatus.TOO_MANY_FAILED
        return ExitStatus.DONE
