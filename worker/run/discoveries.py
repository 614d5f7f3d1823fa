"""Discoveries: models that a repository holds and the index does not name; and who records them.

A repository's objects may be spread over shards and ranks, each of which fetches it. Its
discoveries are recorded once: by the rank that has the first object that the index names of the
commit. A built index keeps a repository's objects in a row, so whatever else it names of one is in
the neighbouring shards. In an index made otherwise, each such row records for itself, and `status`
counts a discovery once.

Neighbouring shards are read when a fetched repository holds more than this rank's shards name, not
before: most shards are then never read for another's sake.
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
"""Shards at hand, the last opened: most repositories lie within one, and are fetched soon after."""


class _Shard:
    """A shard's objects, and where in it each repository's are."""

    def __init__(self, refs: Sequence[ObjectRef]) -> None:
        self.refs = refs

    @cached_property
    def positions(self) -> dict[str | None, list[int]]:
        found: dict[str | None, list[int]] = {}
        for position, ref in enumerate(self.refs):
            found.setdefault(ref.repository, []).append(position)
        return found


class _Row:
    """What the index names of a repository, in the shards read so far."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self.continues: dict[int, tuple[bool, bool]] = {}
        """By shard read: whether the row may continue in the one before, and in the one after."""
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
    """Learns of a rank's shares one by one; tells what of a fetched commit is its to record.

    May be used from many threads.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._shares: dict[int, ShardShare] = {}
        self._kept: dict[int, _Shard] = {}
        self._shards_of: dict[str, list[int]] = {}
        """By repository: this rank's shards in which something of it is to be fetched."""
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
        """Learn of a share; `refs` are its shard's objects, `to_fetch` those to be fetched, or all.

        `recorded` are the uids of discoveries that the shard's ledger has. Reads no shard.
        """
        with self._lock:
            self._shares[share.shard] = share
            self._kept = dict([*self._kept.items(), (share.shard, _Shard(refs))][-_KEPT:])
            for repository in {ref.repository for ref in (refs if to_fetch is None else to_fetch)}:
                if repository is not None:
                    self._shards_of.setdefault(repository, []).append(share.shard)
            self._recorded.update(recorded)

    def of(self, fetched: FetchedCommit) -> list[Task]:
        """The discoveries in a commit that this rank is to record, each given once.

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
        """Whether the index names what was discovered before. Raises: StoreError."""
        file = file_of(ref.location)
        if file is None:
            return False
        with self._lock:
            row = self._row_of(file[0].repository)
            self._follow(row)
            return file in row.files

    def _recorded_under(self, row: _Row, commit: Commit) -> str | None:
        """The shard under which this rank records discoveries in `commit`; None: not its to do."""
        number, position = row.first.get(commit, (-1, -1))
        share = self._shares.get(number)
        if share is None or position % share.stripes != share.stripe:
            return None
        return self._index.shards[number].name

    def _row_of(self, repository: str) -> _Row:
        """What this rank's own shards name of a repository; the last one asked for is kept."""
        if self._row.repository != repository:
            self._row = _Row(repository)
        for number in self._shards_of.get(repository, ()):
            self._add(self._row, number)
        return self._row

    def _follow(self, row: _Row) -> None:
        """Add the neighbouring shards, as far as the row goes."""
        waiting = list(row.continues)
        while waiting:
            number = waiting.pop()
            for at, continues in zip((number - 1, number + 1), row.continues[number], strict=True):
                if continues and 0 <= at < len(self._index.shards) and at not in row.continues:
                    self._add(row, at)
                    waiting.append(at)

    def _add(self, row: _Row, number: int) -> None:
        """Add a shard; one that is broken ends the row with a warning: at worst, recorded twice."""
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
                    "a shard that may name more of a repository cannot be read; "
                    "what it names may be recorded as new",
                    shard=shard.name,
                    error=str(error),
                )


def of_share(
    share: ShardShare, refs: Sequence[ObjectRef], unlisted: Sequence[Outcome]
) -> list[Outcome]:
    """Which of the discoveries in a shard's ledger are this share's.

    As for those made now, it is the share that has the first object of the commit.
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
