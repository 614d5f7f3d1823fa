"""News: models that a repository holds and the index does not name; and who tells of them.

A repository's objects may be spread over shards and ranks, each of which fetches it. Its news are
told once: by whoever has the first object that the index names of a commit. A built index keeps a
repository's objects in a row, so what else it names is in the shards next to each other. In an
index that was made otherwise every row tells for itself, and `status` counts the news once.

The shards of a row are read when a repository is here and holds more than was asked of it, not
before: most shards are then never read for another's sake.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

import structlog

from worker.core.errors import IndexInvalid
from worker.core.ranks import ShardShare
from worker.index.reader import Index
from worker.index.record import ObjectRef
from worker.sources.git_source import Commit, commit_of

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

    def goes_on(self, repository: str, step: int) -> bool:
        """Whether the row of a repository may go on in the shard before (-1) or after (1)."""
        return not self.refs or self.refs[0 if step < 0 else -1].repository == repository


class _Row:
    """What the index names of a repository, in the shards read so far."""

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self.shards: set[int] = set()
        self.names: set[str] = set()
        self.first: dict[Commit, tuple[int, int]] = {}

    def add(self, number: int, shard: _Shard) -> None:
        self.shards.add(number)
        for position in shard.positions.get(self.repository, ()):
            ref = shard.refs[position]
            at = (number, position)
            commit = commit_of(ref.location)
            if commit is not None:
                self.first[commit] = min(at, self.first.get(commit, at))
            self.names.update((ref.file_identifier, ref.location))


class Discoveries:
    """Learns of a rank's shares one by one; knows of which commits it is this rank's to tell.

    Shares are opened by one thread; the rest may be asked from any.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._shares: dict[int, ShardShare] = {}
        self._kept: dict[int, _Shard] = {}
        self._fetched_for: dict[str, tuple[int, ...]] = {}
        self._lock = threading.Lock()
        self._row = _Row("")
        self._told_under: dict[Commit, str | None] = {}
        self._unreadable: set[int] = set()

    def open(
        self, share: ShardShare, refs: Sequence[ObjectRef], tasks: Iterable[ObjectRef] | None = None
    ) -> None:
        """Learn of a share, its shard's objects being `refs`, those to be fetched `tasks`, or all.

        Reads no shard.
        """
        number = share.shard
        self._shares[number] = share
        self._kept = dict([*self._kept.items(), (number, _Shard(refs))][-_KEPT:])
        for repository in {ref.repository for ref in (refs if tasks is None else tasks)}:
            if repository is not None:
                before = self._fetched_for.get(repository, ())
                self._fetched_for[repository] = (*before, number)

    def shard_of(self, ref: ObjectRef) -> str | None:
        """The shard under which this rank tells of a model; None where it is not its to tell.

        Raises: StoreError.
        """
        commit = commit_of(ref.location)
        if commit is None:
            return None
        with self._lock:
            return self._teller(commit)

    def names(self, ref: ObjectRef) -> bool:
        """Whether the index names a model that an earlier run found. Raises: StoreError."""
        if ref.repository is None:
            return False
        with self._lock:
            return ref.file_identifier in self._row_of(ref.repository).names

    def named(self, commit: Commit) -> Collection[str] | None:
        """Identifiers and locations that the index names of a commit's repository.

        None where news of the commit are not this rank's to tell.

        Raises: StoreError.
        """
        with self._lock:
            if self._teller(commit) is None:
                return None
            return tuple(self._row_of(f"{commit.org}/{commit.repo}").names)

    def _teller(self, commit: Commit) -> str | None:
        if commit not in self._told_under:
            first = self._row_of(f"{commit.org}/{commit.repo}").first.get(commit)
            share = None if first is None else self._shares.get(first[0])
            self._told_under[commit] = None
            if first and share and first[1] % share.stripes == share.stripe:
                self._told_under[commit] = self._index.shards[share.shard].name
        return self._told_under[commit]

    def _row_of(self, repository: str) -> _Row:
        """The row of a repository; the last asked for is remembered."""
        if self._row.repository != repository:
            self._row = _Row(repository)
        for number in self._fetched_for.get(repository, ()):
            if number not in self._row.shards:
                self._walk(self._row, number)
        return self._row

    def _walk(self, row: _Row, number: int) -> None:
        """Add shard `number` and those before and after it, as far as the row goes."""
        row.shards.add(number)
        here = self._read(number)
        if here is None:
            return
        row.add(number, here)
        for step in (-1, 1):
            at: int = number
            shard: _Shard | None = here
            while shard is not None and shard.goes_on(row.repository, step):
                at += step
                if not 0 <= at < len(self._index.shards) or at in row.shards:
                    break
                if (shard := self._read(at)) is not None:
                    row.add(at, shard)

    def _read(self, number: int) -> _Shard | None:
        """A shard; None, and a warning, where it is broken: at worst news are told twice."""
        if (kept := self._kept.get(number)) is not None:
            return kept
        shard = self._index.shards[number]
        try:
            return _Shard(self._index.read(shard))
        except IndexInvalid as error:
            if number not in self._unreadable:
                self._unreadable.add(number)
                log.warning(
                    "a shard that may name more of a repository cannot be read; "
                    "what it names may be told as new",
                    shard=shard.name,
                    error=str(error),
                )
            return None
