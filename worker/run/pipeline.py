"""The steps that take every object of a rank from the index to its outcome.

    index ─ shards of this rank ─► fetch ─► render ─► pack ─► publish ─► record

Each step takes one immutable value and returns the next: ObjectRef, FetchedObject,
RenderedObject, PackedObject, Outcome. The steps work on different objects at the same time, joined
by bounded queues, so that Blender does not wait for downloads or zips. The number of workers and
the capacity of the queues bound the objects in flight, and so disk and memory:

    step       workers               queue behind it       one object in scratch
    (feed)     1                     download workers      nothing
    fetch      download workers      children + 4 at most  the object's files
    render     children              4 at most             its files; then raw passes: 16 bytes
                                                           x pixels x views and more
    pack       2                     4                     raw passes, then a zip
    publish    4                     16                    a zip; nothing once it is stored

With d download workers and c children, at most d + 2c + min(c, 4) objects have their files in
scratch, and at most c + min(c, 4) + 10 have raw passes or a zip there.

With `--render-new`, discoveries go through the same steps in a second pass, because they are all
known only when all listed objects have been fetched. Objects that were in progress when a worker
was killed come last in their pass, one at a time.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
import structlog
from structlog.contextvars import bound_contextvars

from worker.core import keys, scratch
from worker.core.errors import ObjectError, PublishFailed, RenderFailed
from worker.core.failpoints import Failpoint, reach
from worker.core.staged_pipeline import Dropped, StagedPipeline
from worker.ledger import BegunNotes, BegunObject, LedgerWriter, Outcome
from worker.pack import archive
from worker.pack.pack import pack
from worker.pack.result import PackedObject
from worker.run.downloads import KeptDownloads
from worker.run.feed import Feed
from worker.run.job import Job
from worker.run.outcome_counts import OutcomeCounts
from worker.run.progress import Observer
from worker.run.shutdown import Stop
from worker.run.step import publish, step
from worker.run.suspects import verdict
from worker.run.task import Task
from worker.sources import private_folders
from worker.sources.base import FetchedObject
from worker.sources.fetcher import Fetcher
from worker.stores.base import Store, TooLargeToRead
from worker.supervisor.pool import Pool
from worker.supervisor.result import RenderedObject

log = structlog.get_logger(__name__)

PACK_WORKERS = 2
FETCHED_ROOM = 4
"""Objects that wait for a child, beside one for each; if the worker is killed, all are suspects."""
RAW_ROOM = 4
"""Objects whose raw passes wait for a packer; more would only fill the scratch."""
PUBLISH_WORKERS = 4
BEGUN_AHEAD = 16
"""Objects that are noted as begun with one write, before the first of them is fetched."""

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")


class Item(msgspec.Struct, Generic[T], frozen=True):
    """A value between two steps, with its task and the seconds that each step took."""

    task: Task
    value: T
    seconds: dict[str, float]


class Pipeline:
    """The steps of one worker."""

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
        private: Sequence[str] = (),
        downloads: KeptDownloads | None = None,
    ) -> None:
        """`private`: folders whose paths no outcome shows, besides `scratch` and the objects'.

        downloads: those that the fetcher reads.
        """
        self._downloads = downloads
        self._job = job
        self._feed = feed
        self._fetcher = fetcher
        self._pool = pool
        self._store = store
        self._ledger = ledger
        self._begun = BegunNotes(store, ledger.author.worker)
        self._suspects: list[Task] = []
        self._scratch = scratch
        self._observer = observer
        self._stop = stop
        self._counts = OutcomeCounts()
        self._cut_short = False
        self._stages: StagedPipeline | None = None
        self._private: tuple[Path | str, ...] = (scratch, *private)

    def run(self) -> OutcomeCounts:
        """Take every object of the feed to its outcome, except those of broken shards.

        Raises: errors that no later object would escape (StoreError, BlenderMissing, …).
        """
        self._stop.out_of_time(self._end_now)
        self._stop.when_asked(self._begun.settle)
        try:
            self._take(self._feed.listed())
            self._take_suspects()
            if self._job.render_new and not self._cut_short:
                self._take(self._feed.discovered())
                self._take_suspects()
        finally:  # a run that an error ends is no object's fault
            self._begun.settle()
        self._counts.skipped(self._feed.settled, self._feed.broken)
        self._counts.interrupted |= self._cut_short
        return self._counts

    def waiting(self) -> dict[str, int]:
        """The number of objects that wait for each step."""
        return self._stages.waiting() if self._stages is not None else {}

    def _take_suspects(self) -> None:
        """Take each suspect through all steps alone: if the worker is killed, it is to blame.

        Its outcome is in the store before the next is begun, so that only the killer has a mark.
        """
        suspects, self._suspects = self._suspects, []
        if not suspects:
            return
        log.warning(
            "a worker was killed with these objects in progress; each is rendered alone",
            objects=len(suspects),
        )
        with self._pool.alone():
            for task in suspects:
                if self._is_over():
                    self._cut_short = self._stop.asked.is_set()
                    break
                self._take(iter([[task]]), alone=True)
                self._ledger.try_flush()

    def _take(self, batches: Iterator[list[Task]], *, alone: bool = False) -> None:
        """Take every object of these batches through all steps, or set it aside as a suspect.

        `alone`: also a suspect, which is the only object.
        """
        children = self._pool.size
        stages = self._stages = StagedPipeline(on_abort=self._end_now)
        todo = stages.feed(lambda: self._items(batches, alone), room=self._job.download_workers)
        step = self._step
        fetched = stages.stage(
            "fetch",
            step("fetch", self._fetch),
            todo,
            workers=self._job.download_workers,
            room=children + min(children, FETCHED_ROOM),
            failed=self._failed,
        )
        rendered = stages.stage(
            "render",
            step("render", self._render),
            fetched,
            workers=children,
            room=min(children, RAW_ROOM),
            failed=self._failed,
        )
        packed = stages.stage(
            "pack",
            step("pack", self._pack),
            rendered,
            workers=PACK_WORKERS,
            room=4,
            failed=self._failed,
        )
        published = stages.stage(
            "publish",
            step("publish", self._publish),
            packed,
            workers=PUBLISH_WORKERS,
            room=16,
            failed=self._failed,
        )
        stages.drain(published, self._record_rendered)

    def _items(self, batches: Iterator[list[Task]], alone: bool) -> Iterator[Item[None]]:
        for batch in batches:
            tasks = batch if alone else self._unsuspected(batch)
            refs = [task.ref for task in tasks]
            if self._downloads is not None:
                self._downloads.announce(tasks)
            self._fetcher.plan(refs)
            self._pool.expect(self._fetcher.local_roots(refs))
            for at, task in enumerate(tasks):
                if self._is_over():
                    break
                if at % BEGUN_AHEAD == 0:
                    self._begin(tasks[at : at + BEGUN_AHEAD], alone)
                yield Item(task, None, {})
            if self._is_over():
                break
        self._cut_short = self._stop.asked.is_set()

    def _unsuspected(self, tasks: list[Task]) -> list[Task]:
        """The tasks that are no suspects. Those to blame have their outcome after this."""
        for task in tasks:
            if task.marks is None:
                continue
            if (error := verdict(task, self._store, self._job.layout_prefix)) is not None:
                self._failed(Item(task, None, {}), error)
            else:
                self._suspects.append(task)
        return [task for task in tasks if task.marks is None]

    def _begin(self, tasks: list[Task], alone: bool) -> None:
        self._begun.begin(
            (BegunObject(task.shard, task.ref.uid, task.attempt) for task in tasks), alone=alone
        )

    def _fetch(self, task: Task, _: None) -> FetchedObject:
        try:
            self._drop_if_stopped()
            reach(Failpoint.FETCH_BEFORE)
            fetched = self._fetcher.fetch(task.ref)
            reach(Failpoint.FETCH_AFTER)
            self._observer.fetched(fetched)
            return fetched
        finally:
            # Also if the object that the commit was fetched for fails.
            for commit in self._fetcher.fetched_commits():
                self._record_new(self._feed.discover(commit))

    def _drop_if_stopped(self) -> None:
        """Begin no object once the run is over; the next run takes it up. Raises: Dropped."""
        if self._stop.asked.is_set():
            self._counts.interrupted = True
        if self._is_over():
            raise Dropped

    def _is_over(self) -> bool:
        """Whether no further object is begun."""
        return self._stop.asked.is_set() or self._counts.buggy

    def _record_new(self, discovered: Sequence[Task]) -> None:
        for task in discovered:
            outcome = Outcome.new(task.ref, task.shard, self._ledger.author)
            if self._job.render_new:
                # So that a later run finds it if this one ends before rendering it.
                self._ledger.add(outcome)
            else:
                self._record(outcome)

    def _render(self, task: Task, fetched: FetchedObject) -> RenderedObject:
        try:
            self._drop_if_stopped()
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
        except RenderFailed as error:  # such as of a file that Blender left cut off
            scratch.refuse_full(rendered.scratch, error)
            raise
        else:
            return packed
        finally:
            shutil.rmtree(rendered.scratch, ignore_errors=True)

    def _publish(self, task: Task, packed: PackedObject) -> PackedObject:
        key = keys.render_zip(task.ref.uid, self._job.layout_prefix)
        reach(Failpoint.PUBLISH_BEFORE)
        created, stat = publish(self._store, key, packed.path, packed.sha256)
        reach(Failpoint.PUBLISH_AFTER)
        self._clean(task)
        if not created:
            # Another worker was first, or was killed before it recorded the outcome. If the
            # existing zip is whole it is kept: on a GPU no two renders are equal to the last bit.
            self._check_existing(key, packed)
            log.info("already published", key=key)
            return msgspec.structs.replace(packed, sha256=stat.sha256, size=stat.size)
        return packed

    def _check_existing(self, key: str, packed: PackedObject) -> None:
        """Check the zip that exists under `key`. Raises: PublishFailed if it is damaged."""
        try:
            # Noise that compresses worse can make another run's zip larger, but not twice as large.
            data = self._store.read(key, 2 * packed.size) or b""
            damage = archive.damage(data, packed.ref.uid)
        except TooLargeToRead as error:
            damage = f"has {error.size} bytes instead of about {packed.size}"
        if damage is not None:
            raise PublishFailed(f"{key} already exists and {damage}; delete it and run again")

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
        self._begun.end(outcome.shard, outcome.uid)
        self._counts.add(outcome)
        with bound_contextvars(shard=outcome.shard, uid=outcome.uid, phase="record"):
            self._observer.outcome(outcome)

    def _step(self, name: str, work: Callable[[Task, In], Out]) -> Callable[[Item[In]], Item[Out]]:
        """Wrap `work` as a step (see `worker.run.step`)."""

        def run(item: Item[In]) -> Item[Out]:
            seconds = dict(item.seconds)
            ref = item.task.ref
            with step(
                name,
                seconds,
                lambda: private_folders.of([ref], self._private),
                shard=item.task.shard,
                uid=ref.uid,
            ):
                value = work(item.task, item.value)
            return Item(item.task, value, seconds)

        return run

    def _folder(self, task: Task) -> Path:
        # Two shards may name the same object, and both may be in progress.
        return self._scratch / "objects" / task.shard / task.ref.uid

    def _clean(self, task: Task) -> None:
        shutil.rmtree(self._folder(task), ignore_errors=True)

    def _end_now(self) -> None:
        self._fetcher.stop()
        self._pool.close(now=True)
