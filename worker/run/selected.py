"""Which objects of an index a rank takes, and how many they are, before any of them is begun."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from worker.core.errors import ShardBroken
from worker.core.ordered_map import ordered_map
from worker.core.ranks import ShardShare
from worker.index.reader import READERS, Index
from worker.index.record import ObjectRef
from worker.run.session import SessionOptions


def total_of(index: Index, shares: Sequence[ShardShare], options: SessionOptions) -> int:
    """Number of a rank's objects: of its shares, those of `only`, at most `limit`.

    Raises: StoreError.
    """
    if options.only:
        shards = _read(index, [share.shard for share in shares])
        total = sum(
            options.only.matches(ref)
            for share, refs in zip(shares, shards, strict=True)
            for ref in refs[share.stripe :: share.stripes]
        )
    else:
        total = sum(
            len(range(share.stripe, index.shards[share.shard].objects, share.stripes))
            for share in shares
        )
    return total if options.limit is None else min(total, options.limit)


def objects_of(index: Index, shares: Sequence[ShardShare]) -> Iterator[ObjectRef]:
    """All objects of the index, those of a rank's shards first. Raises: StoreError.

    Without any, so that a rank without a match knows whether another rank has one.
    """
    own = dict.fromkeys(share.shard for share in shares)
    order = [*own, *(number for number in range(len(index.shards)) if number not in own)]
    yield from itertools.chain.from_iterable(_read(index, order))


def _read(index: Index, numbers: Sequence[int]) -> Iterator[tuple[ObjectRef, ...]]:
    """The objects of the shards `numbers`, shard by shard, several of them read at a time.

    A broken shard has none; the feed reports it. Raises: StoreError.
    """
    shards = [index.shards[number] for number in numbers]
    read = ordered_map(index.attempt, shards, threads=READERS, ahead=2 * READERS, name="index")
    return (() if isinstance(refs, ShardBroken) else refs for refs in read)
