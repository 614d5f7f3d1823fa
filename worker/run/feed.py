"""The objects that this rank still has to do: first the listed ones, then the discovered ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice

import msgspec
import structlog

from worker.core.errors import ShardBroken
from worker.core.ordered_map import ordered_map
from worker.core.ranks import ShardShare, assign
from worker.index.reader import Index
from worker.index.record import ObjectRef
from worker.ledger import LOST, Marks, Outcome, lost, read_ledger, read_marks, settled
from worker.ledger.begun import Attempt
from worker.ledger.reader import READERS
from worker.run.discoveries import Discoveries, of_share
from worker.run.job import FeedSettings
from worker.run.progress import Observer
from worker.run.shutdown import Stop
from worker.run.task import Task
from worker.sources.git_source import FetchedCommit
from worker.stores.base import Store

log = structlog.get_logger(__name__)

_Read = tuple[dict[Attempt, Marks], dict[str, Outcome], tuple[ObjectRef, ...] | ShardBroken]


class Feed:
    """Reads a rank's shards and their ledgers, and yields its open objects in the index's order.

    Each batch is read when it is asked for, and holds objects that may share a download.
    """

    def __init__(
        self, settings: FeedSettings, index: Index, store: Store, stop: Stop, observer: Observer
    ) -> None:
        self.settled: list[Outcome] = []
        """Outcomes of earlier runs whose objects this run skips."""
        self.broken: list[ShardBroken] = []
        """Errors of shards that cannot be read, so that none of their objects is yielded."""
        self._settings = settings
        self._index = index
        self._store = store
        self._stop = stop
        self._observer = observer
        self._discoveries = Discoveries(index)
        self._marks: dict[str, dict[Attempt, Marks]] = {}
        """By shard: the marks of killed workers; see `worker.ledger.begun`."""
        self._unlisted: list[Task] = []
        self._left = settings.limit
        self._batches: Iterator[list[Task]] = self._read_listed()

    def peek(self) -> list[Task]:
        """The first batch of `listed`; empty if no object is open.

        Reads shards up to the first one with an open object. Raises: StoreError.
        """
        first = next(self._batches, None)
        if first is None:
            return []
        self._batches = chain([first], self._batches)
        return first

    def has_work(self) -> bool:
        """Whether an object is open. Reads as `peek` does.

        True also after a stop, and if there are discoveries to render: whether the index names
        them is not known yet. Raises: StoreError.
        """
        return bool(self.peek()) or self._stop.asked.is_set() or bool(self._unlisted)

    def listed(self) -> Iterator[list[Task]]:
        """The open objects that the index names, one batch per shard. Raises: StoreError."""
        yield from self._batches

    def _read_listed(self) -> Iterator[list[Task]]:
        shares = deque(
            assign(len(self._index.shards), self._settings.rank.rank, self._settings.rank.world)
        )
        while shares:
            if batch := self._next_open(shares):
                yield batch

    def _next_open(self, shares: deque[ShardShare]) -> list[Task]:
        """Take shares up to the first with an open object; returns its batch.

        Of settled shards, more and more are read at the same time. What was read behind an open
        one is dropped: until it is its turn, other workers may do some of it.
        """
        together = 1
        while shares:
            taken = list(islice(shares, together))
            read = ordered_map(self._read, taken, threads=together, ahead=together, name="feed")
            for share, (marks, outcomes, refs) in zip(taken, read, strict=True):
                shares.popleft()
                if self._left == 0 or self._stop.asked.is_set():
                    shares.clear()
                    return []
                name = self._index.shards[share.shard].name
                if isinstance(refs, ShardBroken):
                    log.error("broken shard, not rendered", shard=name, why=str(refs))
                    self.broken.append(refs)
                    continue
                self._marks[name] = marks
                if batch := self._open(share, outcomes, refs):
                    return batch
            together = min(2 * together, READERS)
        return []

    def _read(self, share: ShardShare) -> _Read:
        shard = self._index.shards[share.shard]
        # First: an object that gets its outcome in between counts as settled.
        marks = read_marks(self._store, shard.name)
        return marks, read_ledger(self._store, shard.name), self._index.attempt(shard)

    def discover(self, fetched: FetchedCommit) -> list[Task]:
        """The discoveries in a fetched commit that this rank records. Raises: StoreError."""
        found = self._discoveries.of(fetched)
        if self._settings.render_new:
            self._unlisted.extend(found)
        return found

    def discovered(self) -> Iterator[list[Task]]:
        """The open discoveries of this run and earlier ones, one batch per repository.

        Call it when all listed objects have been fetched. Raises: StoreError.
        """
        for _, tasks in groupby(self._unlisted, lambda task: task.ref.repository):
            asked = (task for task in tasks if self._settings.only.matches(task.ref))
            unnamed = (task for task in asked if not self._discoveries.named(task.ref))
            yield self._limited(unnamed)

    def _open(
        self, share: ShardShare, outcomes: Mapping[str, Outcome], refs: Sequence[ObjectRef]
    ) -> list[Task]:
        """A share's open objects; discoveries in its ledger are kept for `discovered`."""
        shard = self._index.shards[share.shard]
        # A shard may be far larger than this rank's share, so a first run computes no uids here.
        beside = sorted(outcomes.keys() - {ref.uid for ref in refs}) if outcomes else []
        unlisted: list[Outcome] = []
        if self._settings.render_new:
            unlisted = of_share(share, refs, [outcomes[uid] for uid in beside])
        gone = self._gone(share, refs, outcomes, unlisted)
        tasks: list[Task] = []
        settled_before = len(self.settled)
        for position in range(share.stripe, len(refs), share.stripes):
            if len(tasks) == self._left:
                break
            ref = refs[position]
            if not self._settings.only.matches(ref):
                continue
            before = outcomes.get(ref.uid) if outcomes else None
            if before and self._is_settled(before, gone):
                self.settled.append(before)
            else:
                tasks.append(Task(shard.name, ref, before.attempt + 1 if before else 1))
        for before in unlisted:
            if before.outcome == "new" or not self._is_settled(before, gone):
                ref = ObjectRef(file_identifier=before.file_identifier, source="github")
                self._unlisted.append(Task(shard.name, ref, before.attempt + 1, listed=False))
        to_fetch = refs if self._settings.render_new else [task.ref for task in tasks]
        self._discoveries.open(share, refs, to_fetch, recorded=beside)
        settled_before = len(self.settled) - settled_before
        log.info("shard", shard=shard.name, open=len(tasks), settled=settled_before)
        if settled_before:
            self._observer.settled(settled_before)
        return self._limited(tasks)

    def _is_settled(self, before: Outcome, gone: Collection[str]) -> bool:
        return settled(before, self._settings.retry) and before.uid not in gone

    def _gone(
        self,
        share: ShardShare,
        refs: Sequence[ObjectRef],
        outcomes: Mapping[str, Outcome],
        unlisted: Sequence[Outcome],
    ) -> set[str]:
        """With `--retry lost`: the uids of this share whose zips are missing or truncated."""
        if LOST not in self._settings.retry or not outcomes:
            return set()
        uids = (refs[at].uid for at in range(share.stripe, len(refs), share.stripes))
        listed = [outcomes[uid] for uid in uids if uid in outcomes]
        prefix = self._settings.layout_prefix
        return lost(self._store, [*listed, *unlisted], self._stop.asked.is_set, prefix=prefix)

    def _limited(self, tasks: Iterable[Task]) -> list[Task]:
        """The first of `tasks`, as many as the job's limit still allows."""
        taken = list(islice(tasks, self._left))
        if self._left is not None:
            self._left -= len(taken)
        return [self._marked(task) for task in taken]

    def _marked(self, task: Task) -> Task:
        marks = self._marks.get(task.shard)
        if not marks:  # so that a first run computes no uids
            return task
        return msgspec.structs.replace(task, marks=marks.get((task.ref.uid, task.attempt)))
