"""The export pipeline: read and convert a unit, write, check, publish and record it.

Several threads work on units, with bounded queues between the steps
(`worker.core.staged_pipeline`); numpy, zlib and the image libraries release the interpreter lock.
Memory holds one object per thread; scratch holds the files of at most
`2 x workers + PUBLISH_ROOM` units.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from worker.core.errors import InternalError, ObjectError, PublishFailed
from worker.core.sha256 import sha256_of
from worker.core.staged_pipeline import Dropped
from worker.core.staged_pipeline import StagedPipeline as Stages
from worker.export.base import Export, Finished, Item, NotAsWritten, Unit
from worker.export.earlier import Earlier
from worker.export.source import Source
from worker.index.record import ObjectRef
from worker.ledger import LedgerLine, LedgerWriter, Outcome, settled
from worker.run.outcome_counts import OutcomeCounts
from worker.run.progress import Observer
from worker.run.shutdown import Stop
from worker.run.step import publish, step
from worker.sources import private_folders
from worker.stores.base import Store

STEP: Final = "export"
PUBLISH_WORKERS: Final = 4
PUBLISH_ROOM: Final = 4
STOPPED_S: Final = 0.5
"""How often a wait looks whether the export is to stop."""


class Made(msgspec.Struct, frozen=True):
    """A unit whose files are in `folder` and have been checked."""

    unit: Unit
    folder: Path
    files: list[str]
    done: list[Finished]
    failed: list[tuple[Finished, ObjectError]]
    seconds: dict[str, float]


class ExportPipeline:
    """Exports the unsettled units of one rank and records their outcomes."""

    def __init__(
        self,
        export: Export[Any],
        source: Source,
        target: Store,
        ledger: LedgerWriter,
        scratch: Path,
        observer: Observer,
        stop: Stop,
        *,
        workers: int,
        retry: frozenset[str],
        look_alike: Mapping[str, str],
    ) -> None:
        """`look_alike` maps uids to their `Item.duplicate_group`."""
        self._export = export
        self._source = source
        self._target = target
        self._ledger = ledger
        self._scratch = scratch
        self._observer = observer
        self._stop = stop
        self._workers = workers
        self._single = export.grouping is None
        self._retry = retry
        self._look_alike = look_alike
        self._attempts: dict[str, int] = {}
        self._counts = OutcomeCounts("exported")
        self._one_made = threading.Event()
        """Set when a unit has its outcome; at once if all units are known, and at an abort."""

    def run(self, units: Iterable[Unit], earlier: Earlier, *, streams: bool) -> OutcomeCounts:
        """Export every unit that is not settled and return the outcome counts.

        `earlier`: the outcomes that earlier runs recorded. `streams`: whether the ledger is read
        while units are asked for; the second is then asked for when the first one is done.

        Raises: StoreError, and any other exception that is not an `ObjectError`.
        """
        if not streams:
            self._one_made.set()
        line = Stages(on_abort=self._one_made.set)
        todo = line.feed(lambda: self._open(units, earlier), room=self._workers)
        made = line.stage(
            STEP, self._make, todo, workers=self._workers, room=PUBLISH_ROOM,
            failed=self._unit_failed,
        )  # fmt: skip
        published = line.stage(
            "publish", self._publish, made, workers=PUBLISH_WORKERS, room=16,
            failed=lambda made, error: self._unit_failed(made.unit, error),
        )  # fmt: skip
        line.drain(published, self._record)
        return self._counts

    def _open(self, units: Iterable[Unit], earlier: Earlier) -> Iterator[Unit]:
        for unit in units:
            if self._stop.asked.is_set():
                self._counts.interrupted = True
                return
            if self._counts.buggy:
                return
            before = earlier.of(unit)
            outcomes = [before.get(found.uid) for found in unit.objects]
            if all(each is not None and settled(each, self._retry) for each in outcomes):
                self._observer.settled(len(outcomes))
                for each in outcomes:
                    self._counts.add_earlier(each)  # type: ignore[arg-type]  # none is None
                continue
            self._attempts |= {each.uid: each.attempt for each in outcomes if each is not None}
            yield unit
            # A large ledger is read between two units of a rank; the first file comes first.
            while not (self._one_made.wait(STOPPED_S) or self._stop.asked.is_set()):
                pass

    def _make(self, unit: Unit) -> Made:
        folder = self._scratch / unit.name
        seconds: dict[str, float] = {}
        done: list[Finished] = []
        failed: list[tuple[Finished, ObjectError]] = []
        with step(STEP, seconds, self._private, unit=unit.name):
            if self._export.grouping is None:
                parts: Iterable[Any] = [self._convert(unit.objects[0])]
                done = list(unit.objects)
            else:
                parts = self._converted(unit, done, failed)
            files = self._export.write(unit.name, parts, folder)
            count = len(done) + len(failed) * self._export.keeps_failed
            if not count:
                files = []  # every object failed: publish no empty file
            if files:
                self._check(folder, files, count)
        return Made(unit, folder, files, done, failed, seconds)

    def _check(self, folder: Path, files: list[str], count: int) -> None:
        try:
            self._export.check(folder, files, count)
        except NotAsWritten as error:
            raise InternalError(f"a written file does not read back: {error}") from error

    def _convert(self, found: Finished) -> Any:
        if self._stop.asked.is_set():  # the next export makes the unit
            self._counts.interrupted = True
            raise Dropped
        if self._counts.buggy:
            raise Dropped
        self._observer.rendering(_ref(found))
        item = self._source.open(found)
        if (group := self._look_alike.get(found.uid)) is not None:
            item = msgspec.structs.replace(item, duplicate_group=group)
        return self._export.convert(item)

    def _converted(
        self, unit: Unit, done: list[Finished], failed: list[tuple[Finished, ObjectError]]
    ) -> Iterator[Any]:
        """Convert the objects of a group; adds each object to `done` or `failed`.

        An object that fails is left out of the group's file permanently, or converted without its
        zip if the export `keeps_failed`.

        Raises: ObjectError, for a retryable failure: a published file cannot be extended later, so
        the whole group fails.
        """
        for found in unit.objects:
            try:
                part = self._convert(found)
            except ObjectError as error:
                if error.retryable:
                    raise
                error.step = STEP
                failed.append((found, error))
                if self._export.keeps_failed:
                    yield self._export.convert(Item(found, None, error))
                continue
            done.append(found)
            yield part

    def _publish(self, made: Made) -> Made:
        seconds = dict(made.seconds)
        with step("publish", seconds, self._private, unit=made.unit.name):
            for name in made.files:
                path = made.folder / name
                exists, _ = publish(self._target, name, path, sha256_of(path))
                if not exists:
                    raise PublishFailed(
                        f"{name} already exists with different contents, from another version or "
                        "program; delete it, or choose another --to"
                    )
        return msgspec.structs.replace(made, seconds=seconds)

    def _record(self, made: Made) -> None:
        self._one_made.set()
        size = sum((made.folder / name).stat().st_size for name in made.files)
        for found in made.done:
            outcome = Outcome.exported(
                _ref(found), found.shard, self._ledger.author, views=found.views,
                folder=str(PurePosixPath(made.files[0]).parent) if self._single else None,
                size=size if len(made.unit.objects) == 1 else None,
                seconds=made.seconds, attempt=self._attempt(found),
            )  # fmt: skip
            self._add(outcome)
        for found, error in made.failed:
            self._fail(found, error)
        shutil.rmtree(made.folder, ignore_errors=True)

    def _unit_failed(self, unit: Unit, error: ObjectError) -> None:
        self._one_made.set()
        for found in unit.objects:
            self._fail(found, error)
        shutil.rmtree(self._scratch / unit.name, ignore_errors=True)

    def _fail(self, found: Finished, error: ObjectError) -> None:
        self._add(
            Outcome.failed(
                _ref(found),
                found.shard,
                self._ledger.author,
                error=error,
                seconds={},
                attempt=self._attempt(found),
            )
        )

    def _add(self, outcome: Outcome) -> None:
        self._ledger.add(outcome)
        self._counts.add(outcome)
        self._observer.outcome(outcome)

    def _private(self) -> frozenset[str]:
        return private_folders.of(others=[self._scratch])

    def _attempt(self, found: LedgerLine) -> int:
        return self._attempts.get(found.uid, 0) + 1


def _ref(found: Finished) -> ObjectRef:
    return ObjectRef(
        file_identifier=found.file_identifier, source=found.source or "", license=found.license
    )
