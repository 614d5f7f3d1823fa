"""Where groups of objects begin and end, by the sizes of zips alone: no line of the ledger is read.

The summaries of the ledger have these sizes (`worker.ledger.summary`), in a fraction of its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from worker.export.base import Grouping
from worker.ledger import ShardSummary, sizes_in


class Piece(msgspec.Struct, frozen=True):
    """Some of a shard's objects, sorted by uid: those from `first` to before `end`, of `count`."""

    shard: str
    first: int
    end: int
    count: int


class Limits:
    """Tells, object by object, where a group ends."""

    def __init__(self, grouping: Grouping) -> None:
        self._grouping = grouping
        self._objects = 0
        self._size = 0

    def is_full(self, more: int) -> bool:
        """Whether a group ends before the next object, of `more` bytes, which begins another."""
        full = self._objects > 0 and (
            self._objects == self._grouping.objects or self._size + more > self._grouping.size
        )
        if full:
            self._objects, self._size = 0, 0
        self._objects += 1
        self._size += more
        return full


def planned(
    summaries: Iterable[tuple[str, ShardSummary]], grouping: Grouping, *, every: bool
) -> Iterator[list[Piece]]:
    """The pieces of shards that each group consists of: of rendered objects, or of `every` one.

    A group is known as soon as the summary is read in which the next one begins.
    """
    limits = Limits(grouping)
    pieces: list[Piece] = []
    for shard, summary in summaries:
        known = sizes_in(summary.zips)
        sizes = (known.clip(0) if every else known[known >= 0]).tolist()
        first = 0
        for place, more in enumerate(sizes):
            if limits.is_full(more):
                if first < place:
                    pieces.append(Piece(shard, first, place, len(sizes)))
                yield pieces
                pieces, first = [], place
        if first < len(sizes):
            pieces.append(Piece(shard, first, len(sizes), len(sizes)))
    if pieces:
        yield pieces
