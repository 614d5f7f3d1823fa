"""Takes every object of a rank from the index to a place of downloads, and records it.

    index ─ shards of this rank ─► fetch ─► record

The Fetcher keeps what it downloads, so when an object leaves the one step its archive is stored.
Nothing of it is decoded, so no object can kill the worker, and none is noted as begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec

from worker.core.errors import ObjectError
from worker.core.failpoints import Failpoint, reach
from worker.core.staged_pipeline import Dropped, StagedPipeline
from worker.ledger import LedgerWriter, Outcome
from worker.run.feed import Feed
from worker.run.outcome_counts import OutcomeCounts
from worker.run.progress import Observer
from worker.run.shutdown import Stop
from worker.run.step import step
from worker.run.task import Task
from worker.sources import private_folders
from worker.sources.base import FetchedObject, KeptObject
from worker.sources.fetcher import Fetcher
from worker.supervisor import reasons


class _Kept(msgspec.Struct, frozen=True):
    task: Task
    objects: tuple[KeptObject, ...]
    seconds: dict[str, float]


class FetchPipeline:
    """The one step of a fetch, with `workers` threads."""

    def __init__(
        self,
        feed: Feed,
        fetcher: Fetcher,
        ledger: LedgerWriter,
        observer: Observer,
        stop: Stop,
        *,
        workers: int,
        private: Sequence[str] = (),
    ) -> None:
        """`private`: folders whose paths no outcome shows, besides the objects'."""
        self._feed = feed
        self._fetcher = fetcher
        self._ledger = ledger
        self._observer = observer
        self._stop = stop
        self._workers = workers
        self._private = private
        self._counts = OutcomeCounts("fetched")
        self.local = 0
        """Objects that were found on a local file system, and not copied."""

    def run(self) -> OutcomeCounts:
        """Fetch every open object. Raises: errors that no later object would escape."""
        self._stop.out_of_time(self._fetcher.stop)
        stages = StagedPipeline(on_abort=self._fetcher.stop)
        todo = stages.feed(self._tasks, room=self._workers)
        kept = stages.stage(
            "fetch", self._fetch, todo, workers=self._workers, room=self._workers,
            failed=self._failed,
        )  # fmt: skip
        stages.drain(kept, self._record_kept)
        self._counts.skipped(self._feed.settled, self._feed.broken)
        self._counts.interrupted |= self._stop.asked.is_set()
        return self._counts

    def _tasks(self) -> Iterator[Task]:
        for tasks in self._feed.listed():
            self._fetcher.plan([task.ref for task in tasks])
            for task in tasks:
                if self._is_over():
                    return
                yield task

    def _is_over(self) -> bool:
        return self._stop.asked.is_set() or self._counts.buggy

    def _fetch(self, task: Task) -> _Kept:
        if self._is_over():
            raise Dropped
        seconds: dict[str, float] = {}
        folders = partial(private_folders.of, [task.ref], self._private)
        with step("fetch", seconds, folders, shard=task.shard, uid=task.ref.uid):
            self._observer.rendering(task.ref)
            reach(Failpoint.FETCH_BEFORE)
            fetched = self._fetcher.fetch(task.ref)
            try:
                reach(Failpoint.FETCH_AFTER)
                self._observer.fetched(fetched)
                kept = kept_of(fetched, folders())
            finally:
                self._fetcher.release(fetched)
                self._fetcher.fetched_commits()  # which a run looks through for discoveries
        return _Kept(task, kept, seconds)

    def _record_kept(self, done: _Kept) -> None:
        reach(Failpoint.RECORD_BEFORE)
        self.local += any(not each.key and each.code is None for each in done.objects)
        self._record(
            Outcome.fetched(
                done.task.ref, done.task.shard, self._ledger.author, kept=done.objects,
                seconds=done.seconds, attempt=done.task.attempt,
            )
        )  # fmt: skip
        reach(Failpoint.RECORD_AFTER)

    def _failed(self, task: Task, error: ObjectError) -> None:
        self._record(
            Outcome.failed(
                task.ref, task.shard, self._ledger.author, error=error, seconds={},
                attempt=task.attempt,
            )
        )  # fmt: skip

    def _record(self, outcome: Outcome) -> None:
        self._ledger.add(outcome)
        self._counts.add(outcome)
        self._observer.outcome(outcome)


def kept_of(fetched: FetchedObject, private: Iterable[str] = ()) -> tuple[KeptObject, ...]:
    """What the ledger says of an object, or of each member of a range.

    private: folders whose paths no message shows.
    """
    return tuple(
        KeptObject(
            key=one.kept[0], archive=one.kept[1], model=one.model, sha256=one.sha256, size=one.size
        )
        if isinstance(one, FetchedObject)
        else KeptObject(code=one.code, message=reasons.without_paths(one.message, private))
        for one in fetched.members or (fetched,)
    )
