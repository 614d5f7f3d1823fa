"""Discoveries: models of a repository that the index does not name, and which rank records them.

Several shards and ranks may fetch the same repository, but its discoveries are recorded once: by
the rank that owns the first object that the index names of the commit. A built index lists a
repository's objects in a row, so all of them are in neighbouring shards. In any other index, each
row of objects records for itself, and `status` counts a discovery once.

Neighbouring shards are read only if a fetched repository holds more models than this rank's shards
name. So most shards are read by their own ranks alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import cached_property
from urllib.parse import unquote

import structlog

from worker.core.errors import IndexInvalid
from worker.core.ranks import ShardShare
from worker.index.reader import Index
from worker.index.record import ObjectRef
from worker.ledger import Outcome
from worker.run.task import Task
from worker.sources.git_source import Commit, FetchedCommit, file_of

log = structlog.get_logger(__name__)

_KEPT = 2
"""Shards kept in memory, the last opened: most repositories are in one, and fetched soon after."""


class _Shard:
    """A shard's objects, and the positions of each repository's objects."""

    def __init__(self, refs: Sequence[ObjectRef]) -> None:
        self.refs = refs

    @cached_property
    def positions(self) -> dict[str | None, list[int]]:
        found: dict[str | None, list[int]] = {}
        for position, ref in enumerate(self.refs):
            found.setdefault(ref.repository, []).append(position)
        return found


class _Row:
    """The objects of one repository that the index names, in the shards read so far."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self.continues: dict[int, tuple[bool, bool]] = {}
        """By shard read: whether the row may continue in the previous and in the next shard."""
        self.first: dict[Commit, tuple[int, int]] = {}
        """Shard and position of each commit's first object."""
        self.files: set[tuple[Commit, str]] = set()

    def add(self, number: int, shard: _Shard) -> None:
        edges = (shard.refs[:1], shard.refs[-1:])
        before, after = (all(ref.repository == self.repository for ref in edge) for edge in edges)
        self.continues[number] = (before, after)
        for position in shard.positions.get(self.repository, ()):
            ref = shard.refs[position]
            place = file_of(ref.location)
            if place is not None:
                at = (number, position)
                self.first[place[0]] = min(at, self.first.get(place[0], at))
            for file in filter(None, (place, file_of(ref.file_identifier))):
                # Objaverse-XL does not quote paths; a URL copied from a browser does.
                self.files.update((file, (file[0], unquote(file[1]))))


class Discoveries:
    """Decides which models of a fetched commit this rank records as discoveries.

    Learns the rank's shares one by one. Thread-safe.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._shares: dict[int, ShardShare] = {}
        self._kept: dict[int, _Shard] = {}
        self._shards_of: dict[str, list[int]] = {}
        """By repository: this rank's shards that have objects to fetch from it."""
        self._row = _Row("")
        self._unreadable: set[int] = set()
        self._recorded: set[str] = set()

    def open(
        self,
        share: ShardShare,
        refs: Sequence[ObjectRef],
        to_fetch: Iterable[ObjectRef] | None = None,
        recorded: Iterable[str] = (),
    ) -> None:
        """Add a share. Reads no shard.

        `refs`: all objects of its shard. `to_fetch`: those that may be fetched, by default all.
        `recorded`: the uids of discoveries in the shard's ledger.
        """
        with self._lock:
            self._shares[share.shard] = share
            self._kept = dict([*self._kept.items(), (share.shard, _Shard(refs))][-_KEPT:])
            for repository in {ref.repository for ref in (refs if to_fetch is None else to_fetch)}:
                if repository is not None:
                    self._shards_of.setdefault(repository, []).append(share.shard)
            self._recorded.update(recorded)

    def of(self, fetched: FetchedCommit) -> list[Task]:
        """The discoveries in a commit that this rank records; each is returned once.

        Raises: StoreError.
        """
        commit = fetched.commit
        with self._lock:
            row = self._row_of(commit.repository)
            if all((commit, path) in row.files for path in fetched.models):
                return []
            self._follow(row)
            shard = self._recorded_under(row, commit)
            if shard is None:
                return []
            found = []
            for path in fetched.models:
                ref = ObjectRef(file_identifier=commit.blob(path), source="github")
                if (commit, path) not in row.files and ref.uid not in self._recorded:
                    self._recorded.add(ref.uid)
                    found.append(Task(shard, ref, 1, listed=False))
            return found

    def named(self, ref: ObjectRef) -> bool:
        """Whether the index names `ref`, an earlier discovery. Raises: StoreError."""
        file = file_of(ref.location)
        if file is None:
            return False
        with self._lock:
            row = self._row_of(file[0].repository)
            self._follow(row)
            return file in row.files

    def _recorded_under(self, row: _Row, commit: Commit) -> str | None:
        """The shard under which this rank records discoveries in `commit`; None if it does not."""
        number, position = row.first.get(commit, (-1, -1))
        share = self._shares.get(number)
        if share is None or position % share.stripes != share.stripe:
            return None
        return self._index.shards[number].name

    def _row_of(self, repository: str) -> _Row:
        """What this rank's own shards name of a repository; the last result is cached."""
        if self._row.repository != repository:
            self._row = _Row(repository)
        for number in self._shards_of.get(repository, ()):
            self._add(self._row, number)
        return self._row

    def _follow(self, row: _Row) -> None:
        """Add the neighbouring shards for as long as they continue the row."""
        waiting = list(row.continues)
        while waiting:
            number = waiting.pop()
            for at, continues in zip((number - 1, number + 1), row.continues[number], strict=True):
                if continues and 0 <= at < len(self._index.shards) and at not in row.continues:
                    self._add(row, at)
                    waiting.append(at)

    def _add(self, row: _Row, number: int) -> None:
        """Add a shard. A broken one ends the row with a warning; its objects may count as new."""
        if number in row.continues:
            return
        shard = self._index.shards[number]
        try:
            row.add(number, self._kept.get(number) or _Shard(self._index.read(shard)))
        except IndexInvalid as error:
            row.continues[number] = (False, False)
            if number not in self._unreadable:
                self._unreadable.add(number)
                log.warning(
                    "cannot read a shard that may name objects of a fetched repository; "
                    "they may be recorded as new",
                    shard=shard.name,
                    error=str(error),
                )


def of_share(
    share: ShardShare, refs: Sequence[ObjectRef], unlisted: Sequence[Outcome]
) -> list[Outcome]:
    """The discoveries in a shard's ledger that belong to this share.

    As with new discoveries, the share with the commit's first object owns them.
    """
    if share.stripes == 1 or not unlisted:
        return list(unlisted)
    first: dict[Commit, int] = {}
    for position, ref in enumerate(refs):
        if (file := file_of(ref.location)) is not None:
            first.setdefault(file[0], position)
    commits = (file_of(outcome.file_identifier) for outcome in unlisted)
    at = (0 if file is None else first.get(file[0], 0) for file in commits)
    return [
        outcome
        for outcome, position in zip(unlisted, at, strict=True)
        if position % share.stripes == share.stripe
    ]
