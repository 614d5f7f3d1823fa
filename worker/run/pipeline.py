"""The way of an object, and of all objects of a rank at the same time.

    index ─ shards of my rank ─► fetch ─► render ─► pack ─► publish ─► record

One immutable value a step, each made from the one before: ObjectRef, FetchedObject,
RenderedObject, PackedObject, Outcome. The steps run at the same time on different objects over
bounded queues, so that Blender never waits for a download or a zip. Objects in flight, and so
disk and memory, are bounded by the steps' workers and the rooms of the queues behind them:

    step       workers               room behind           each holds in scratch
    (feed)     1                     download workers      nothing
    fetch      download workers      2 x children          the object's files
    render     children              children              its files; then raw passes: 16 bytes
                                                           x pixels x views and more
    pack       2                     4                     raw passes, then a zip
    publish    4                     16                    a zip; nothing once it is stored

So with d download workers and c children at most d + 3c objects have their files in scratch, and
2c + 10 have raw passes or a zip there.

With `--render-new`, what was discovered goes through the same steps in a second pass: only once all
listed objects have been fetched is it known what there is.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
import structlog
from structlog.contextvars import bound_contextvars

from worker.core import keys
from worker.core.errors import IndexInvalid, ObjectError, ObjectInterrupted, PublishFailed
from worker.core.failpoints import Failpoint, reach
from worker.core.staged_pipeline import StagedPipeline
from worker.ledger import LedgerWriter, Outcome
from worker.pack import archive
from worker.pack.pack import pack
from worker.pack.result import PackedObject
from worker.run.feed import Feed
from worker.run.job import Job
from worker.run.outcome_counts import OutcomeCounts
from worker.run.progress import Observer
from worker.run.shutdown import Stop
from worker.run.step import publish, step
from worker.run.task import Task
from worker.sources.base import FetchedObject
from worker.sources.fetcher import Fetcher
from worker.stores.base import Store, TooLargeToRead
from worker.supervisor.pool import Pool
from worker.supervisor.result import RenderedObject

log = structlog.get_logger(__name__)

PACK_WORKERS = 2
PUBLISH_WORKERS = 4

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")


class Item(msgspec.Struct, Generic[T], frozen=True):
    """A value on its way, with the task it belongs to and the seconds each step took."""

    task: Task
    value: T
    seconds: dict[str, float]


class Pipeline:
    """The steps of one worker, over the rooms it was given."""

    def __init__(
        self,
        job: Job,
        feed: Feed,
        fetcher: Fetcher,
        pool: Pool,
        store: Store,
        ledger: LedgerWriter,
        scratch: Path,
        observer: Observer,
        stop: Stop,
    ) -> None:
        self._job = job
        self._feed = feed
        self._fetcher = fetcher
        self._pool = pool
        self._store = store
        self._ledger = ledger
        self._scratch = scratch
        self._observer = observer
        self._stop = stop
        self._tally = OutcomeCounts()
        self._cut_short = False

    def run(self) -> OutcomeCounts:
        """Take every object of the feed to its outcome; those before a broken shard, if one is.

        Raises: whatever makes going on pointless (StoreError, BlenderMissing, …).
        """
        self._stop.out_of_time(self._end_now)
        self._take(self._feed.listed())
        if self._job.render_new and not (self._tally.broken or self._cut_short):
            self._take(self._feed.discovered())
        for outcome in self._feed.settled:
            self._tally.add_earlier(outcome)
        if self._tally.broken is None:
            self._tally.interrupted |= self._cut_short
        return self._tally

    def _take(self, batches: Iterator[list[Task]]) -> None:
        """Take every object of these batches through all steps."""
        children = self._pool.size
        line = StagedPipeline(on_abort=self._end_now)
        todo = line.feed(lambda: self._items(batches), room=self._job.download_workers)
        step = self._step
        fetched = line.stage(
            "fetch",
            step("fetch", self._fetch),
            todo,
            workers=self._job.download_workers,
            room=2 * children,
            failed=self._failed,
        )
        rendered = line.stage(
            "render",
            step("render", self._render),
            fetched,
            workers=children,
            room=children,
            failed=self._failed,
        )
        packed = line.stage(
            "pack",
            step("pack", self._pack),
            rendered,
            workers=PACK_WORKERS,
            room=4,
            failed=self._failed,
        )
        published = line.stage(
            "publish",
            step("publish", self._publish),
            packed,
            workers=PUBLISH_WORKERS,
            room=16,
            failed=self._failed,
        )
        line.drain(published, self._record_rendered)

    def _items(self, batches: Iterator[list[Task]]) -> Iterator[Item[None]]:
        try:
            for tasks in batches:
                self._fetcher.plan([task.ref for task in tasks])
                for task in tasks:
                    if self._stop.asked.is_set():
                        break
                    yield Item(task, None, {})
                if self._stop.asked.is_set():
                    break
        except IndexInvalid as error:
            # A later shard is broken: what is in work is not, and is taken to its outcome.
            self._tally.broken = error
        self._cut_short = self._stop.asked.is_set()

    def _fetch(self, task: Task, _: None) -> FetchedObject:
        try:
            if self._stop.asked.is_set():
                raise ObjectInterrupted("the worker was stopped before this object was fetched")
            reach(Failpoint.FETCH_BEFORE)
            fetched = self._fetcher.fetch(task.ref)
            reach(Failpoint.FETCH_AFTER)
            return fetched
        finally:
            # Also where the object that the commit was fetched for is no good itself.
            for commit in self._fetcher.fetched_commits():
                self._record_new(self._feed.discover(commit))

    def _record_new(self, discovered: Sequence[Task]) -> None:
        for task in discovered:
            outcome = Outcome.new(task.ref, task.shard, self._ledger.author)
            if self._job.render_new:
                # Only so that a later run finds it, should this one end before it is rendered.
                self._ledger.add(outcome)
            else:
                self._record(outcome)

    def _render(self, task: Task, fetched: FetchedObject) -> RenderedObject:
        try:
            if self._stop.asked.is_set():
                raise ObjectInterrupted("the worker was stopped before this object was rendered")
            self._observer.rendering(task.ref)
            reach(Failpoint.RENDER_BEFORE)
            rendered = self._pool.render(fetched, self._job.recipe, self._folder(task) / "raw")
            reach(Failpoint.RENDER_AFTER)
            return rendered
        finally:
            self._fetcher.release(fetched)

    def _pack(self, task: Task, rendered: RenderedObject) -> PackedObject:
        try:
            reach(Failpoint.PACK_BEFORE)
            packed = pack(rendered, self._job.recipe, self._folder(task))
            reach(Failpoint.PACK_AFTER)
            return packed
        finally:
            shutil.rmtree(rendered.scratch, ignore_errors=True)

    def _publish(self, task: Task, packed: PackedObject) -> PackedObject:
        key = keys.render_zip(task.ref.uid)
        reach(Failpoint.PUBLISH_BEFORE)
        created, stat = publish(self._store, key, packed.path, packed.sha256)
        reach(Failpoint.PUBLISH_AFTER)
        self._clean(task)
        if not created:
            # Another worker was first, or a killed one had come this far: what stands, stands
            # (no two renders on a GPU are the same to the last bit), if it is whole.
            self._look_at(key, packed)
            log.info("already published", key=key)
            return msgspec.structs.replace(packed, sha256=stat.sha256, size=stat.size)
        return packed

    def _look_at(self, key: str, packed: PackedObject) -> None:
        """Raises: PublishFailed, where what stands under the key is not the object's whole zip."""
        try:
            # Noise that compresses worse can make another run's zip larger, but not twice.
            data = self._store.read(key, 2 * packed.size) or b""
            damage = archive.damage(data, packed.ref.uid)
        except TooLargeToRead as error:
            damage = f"has {error.size} bytes where it should have {packed.size}"
        if damage is not None:
            raise PublishFailed(f"{key} stands already and {damage}; remove it and run again")

    def _record_rendered(self, item: Item[PackedObject]) -> None:
        reach(Failpoint.RECORD_BEFORE)
        self._record(
            Outcome.rendered(
                item.task.ref,
                item.task.shard,
                self._ledger.author,
                packed=item.value,
                seconds=item.seconds,
                attempt=item.task.attempt,
                listed=item.task.listed,
            )
        )
        reach(Failpoint.RECORD_AFTER)

    def _failed(self, item: Item[In], error: ObjectError) -> None:
        self._record(
            Outcome.failed(
                item.task.ref,
                item.task.shard,
                self._ledger.author,
                error=error,
                seconds=item.seconds,
                attempt=item.task.attempt,
                listed=item.task.listed,
            )
        )
        self._clean(item.task)

    def _record(self, outcome: Outcome) -> None:
        self._ledger.add(outcome)
        self._tally.add(outcome)
        with bound_contextvars(shard=outcome.shard, uid=outcome.uid, phase="record"):
            self._observer.outcome(outcome)

    def _step(self, name: str, work: Callable[[Task, In], Out]) -> Callable[[Item[In]], Item[Out]]:
        """Wrap `work` as a step (see `worker.run.step`)."""

        def run(item: Item[In]) -> Item[Out]:
            seconds = dict(item.seconds)
            with step(name, seconds, shard=item.task.shard, uid=item.task.ref.uid):
                value = work(item.task, item.value)
            return Item(item.task, value, seconds)

        return run

    def _folder(self, task: Task) -> Path:
        # Two shards may name one object, and both be in work.
        return self._scratch / "objects" / task.shard / task.ref.uid

    def _clean(self, task: Task) -> None:
        shutil.rmtree(self._folder(task), ignore_errors=True)

    def _end_now(self) -> None:
        self._fetcher.stop()
        self._pool.close(now=True)
