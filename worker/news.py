"""News: models that a repository holds and the index does not name; and who tells of them.

A repository's objects may be spread over shards and ranks, each of which fetches it. Its news are
told once: by whoever has the first object that the index names of a commit. A built index keeps a
repository's objects in a row, so what else it names is in the shards next to each other. In an
index that was made otherwise every row tells for itself, and `status` counts the news once.
"""

from __future__ import annotations

from collections.abc import Sequence

from worker.index.reader import Index
from worker.index.record import ObjectRef
from worker.ranks import ShardShare
from worker.sources.git import Commit, commit_of


class News:
    """Learns of a rank's shares one by one; knows of which commits it is this rank's to tell."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._told_under: dict[Commit, str] = {}

    def open(self, share: ShardShare, refs: Sequence[ObjectRef]) -> list[ObjectRef]:
        """Learn of a share, its shard's objects being `refs`.

        Returns the objects of other shards in the same rows: the repositories that `refs` begin
        and end with.

        Raises: IndexInvalid, StoreError.
        """
        if not refs:
            return []
        before = self._row(refs[0].repository, share.shard, -1)
        after = self._row(refs[-1].repository, share.shard, 1)
        seen = {commit_of(ref.location) for ref in before}
        for position, ref in enumerate(refs):
            commit = commit_of(ref.location)
            if commit is None or commit in seen:
                continue
            seen.add(commit)
            if position % share.stripes == share.stripe:
                self._told_under.setdefault(commit, self._index.shards[share.shard].name)
        return before + after

    def shard_of(self, ref: ObjectRef) -> str | None:
        """The shard under which this rank tells of a model; None where it is not its to tell."""
        commit = commit_of(ref.location)
        return None if commit is None else self._told_under.get(commit)

    def _row(self, repository: str | None, shard: int, step: int) -> list[ObjectRef]:
        """A repository's objects in the shards before or after, as far as their row goes."""
        row: list[ObjectRef] = []
        at = shard + step
        while repository is not None and 0 <= at < len(self._index.shards):
            refs = self._index.read(self._index.shards[at])
            row += (same := [ref for ref in refs if ref.repository == repository])
            if len(same) < len(refs):
                break
            at += step
        return row
