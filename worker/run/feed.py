"""The objects of this rank that are still to be done, shard by shard."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

import msgspec
import structlog

from worker.core.ranks import ShardShare, assign
from worker.index.reader import Index
from worker.index.record import ObjectRef
from worker.ledger import LOST, Outcome, lost, read_ledger, settled
from worker.run.discoveries import Discoveries
from worker.run.job import Job
from worker.run.progress import Observer
from worker.run.shutdown import Stop
from worker.sources.fetcher import Fetcher
from worker.stores.base import Store

log = structlog.get_logger(__name__)


class Task(msgspec.Struct, frozen=True):
    """One object to be taken to its outcome; `attempt` counts from 1 over all runs."""

    shard: str
    ref: ObjectRef
    attempt: int
    listed: bool = True
    """Whether the index names it; else a repository was found to hold it."""
    awaited: bool = True
    """Whether it may bring news when fetched, and the feed waits for that; else it is such news."""


class Feed:
    """Yields a rank's open objects in the index's order; remembers those settled before."""

    def __init__(
        self,
        job: Job,
        index: Index,
        store: Store,
        fetcher: Fetcher,
        stop: Stop,
        observer: Observer,
    ) -> None:
        self._job = job
        self._index = index
        self._store = store
        self._fetcher = fetcher
        self._stop = stop
        self._observer = observer
        self._settled: list[Outcome] = []
        self._changed = threading.Condition()
        self._fetching = 0
        self._found: deque[Task] = deque()
        self._news = Discoveries(index)
        self._known_new: set[str] = set()
        self._ended = False
        self.exhausted = False

    def settled(self) -> list[Outcome]:
        """Outcomes of earlier runs that this one left alone."""
        return self._settled

    def tasks(self) -> Iterator[Task]:
        """Every open object of this rank, then what repositories held besides, if asked for."""
        left = self._job.limit
        for share in assign(len(self._index.shards), self._job.rank.rank, self._job.rank.world):
            for task in self._open_tasks(share, left):
                if self._stop.asked.is_set():
                    return
                if left is not None:
                    left -= 1
                with self._changed:
                    self._fetching += 1
                yield task
            if left == 0:
                break
        yield from islice(self._new_tasks(), left)
        self.exhausted = not self._stop.asked.is_set()

    def fetched(self, task: Task) -> None:
        """Be told that `task` has left the fetch step, one way or the other."""
        if not task.awaited:
            return
        with self._changed:
            self._fetching -= 1
            self._changed.notify_all()

    def found(self, ref: ObjectRef) -> str | None:
        """Take a model that the index does not name; returns the shard to record it under as new.

        None if there is nothing to record: it is known, another rank tells of it, or new ones are
        rendered and it is a task now.
        """
        shard = self._news.shard_of(ref)
        with self._changed:
            if shard is None or ref.uid in self._known_new:
                return None
            self._known_new.add(ref.uid)  # once, also where several shards hold the repository
            if not self._job.render_new:
                return shard
            self._fetcher.plan([ref], self._news.named)
            self._found.append(Task(shard, ref, 1, listed=False, awaited=False))
            self._changed.notify_all()
        return None

    def end(self) -> None:
        """Wait for nothing any more: what is being fetched may never leave the fetch step."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _open_tasks(self, share: ShardShare, limit: int | None) -> list[Task]:
        shard = self._index.shards[share.shard]
        outcomes = read_ledger(self._store, shard.name)
        refs = self._index.read(shard)
        uids = {ref.uid for ref in refs} if outcomes or self._job.render_new else set()
        beside = [outcomes[uid] for uid in sorted(outcomes.keys() - uids)]
        gone = self._gone(refs, share, outcomes, beside)
        tasks: list[Task] = []
        settled_before = 0
        # A list may hold far more than this rank's part: a first run makes no uid here.
        for position in range(share.stripe, len(refs), share.stripes):
            if limit is not None and len(tasks) == limit:
                break
            ref = refs[position]
            before = outcomes.get(ref.uid) if outcomes else None
            if before and settled(before, self._job.retry) and ref.uid not in gone:
                self._settled.append(before)
                settled_before += 1
            else:
                tasks.append(Task(shard.name, ref, before.attempt + 1 if before else 1))
        self._take_over({outcome.uid for outcome in beside})
        if self._job.render_new:
            found = list(self._found_before(shard.name, share, beside, gone))
            self._news.open(share, refs, [task.ref for task in (*tasks, *found)])
            left = None if limit is None else limit - len(tasks)
            tasks += islice((task for task in found if not self._news.names(task.ref)), left)
            self._take_over(uids)
        else:
            self._news.open(share, refs, [task.ref for task in tasks])
        self._fetcher.plan([task.ref for task in tasks], self._news.named)
        log.info("shard", shard=shard.name, open=len(tasks), settled=settled_before)
        if settled_before:
            self._observer.settled(settled_before)
        return tasks

    def _gone(
        self,
        refs: Sequence[ObjectRef],
        share: ShardShare,
        outcomes: Mapping[str, Outcome],
        beside: Sequence[Outcome],
    ) -> set[str]:
        """Of this rank's part of a shard: what was rendered, and is to be again."""
        if LOST not in self._job.retry or not outcomes:
            return set()
        uids = (refs[at].uid for at in range(share.stripe, len(refs), share.stripes))
        mine = [outcomes[uid] for uid in uids if uid in outcomes]
        if self._job.render_new:
            mine += beside[share.stripe :: share.stripes]
        return lost(self._store, mine, self._stop.asked.is_set)

    def _found_before(
        self, shard: str, share: ShardShare, found: Sequence[Outcome], gone: Collection[str]
    ) -> Iterator[Task]:
        """What an earlier run found beside the index's objects, and still is to be rendered."""
        for before in found[share.stripe :: share.stripes]:
            is_open = before.outcome == "new" or not settled(before, self._job.retry)
            if is_open or before.uid in gone:
                ref = ObjectRef(file_identifier=before.file_identifier, source="github")
                yield Task(shard, ref, before.attempt + 1, listed=False)

    def _take_over(self, uids: Collection[str]) -> None:
        """These have, or had, a task of their own: a repository that holds them finds no news."""
        with self._changed:
            self._known_new.update(uids)
            self._found = deque(task for task in self._found if task.ref.uid not in uids)

    def _new_tasks(self) -> Iterator[Task]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._found or self._fetching == 0 or self._ended)
                if not self._found or self._ended or self._stop.asked.is_set():
                    return
                task = self._found.popleft()
            yield task
