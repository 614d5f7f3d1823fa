"""Which objects of an index a rank takes, and how many they are, before any of them is begun."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import structlog

from worker.core.errors import ConfigurationError, ShardBroken
from worker.core.ordered_map import ordered_map
from worker.core.ranks import ShardShare
from worker.index.reader import READERS, Index, all_of
from worker.index.record import ObjectRef
from worker.index.selection import Selection
from worker.run.session import SessionOptions

log = structlog.get_logger(__name__)


def check_only(index: Index, shares: Sequence[ShardShare], only: Selection, place: str) -> None:
    """Check that each name of `--only` is that of an object, unless a broken shard may have it.

    place: the index, for messages. Raises: ConfigurationError, StoreError.
    """
    broken: list[ShardBroken] = []
    try:
        only.check(_objects(index, shares, broken), f"object of {place}")
    except ConfigurationError as error:
        if not broken:
            raise
        log.warning(
            "a broken shard may have an object of --only", why=str(error), shard=str(all_of(broken))
        )


def total_of(
    index: Index,
    shares: Sequence[ShardShare],
    options: SessionOptions,
    broken: list[ShardBroken],
) -> int:
    """Number of a rank's objects: of its shares, those of `only`, at most `limit`.

    With `only`, errors of shards that cannot be read are added to `broken`. Raises: StoreError.
    """
    if options.only:
        shards = _read(index, [share.shard for share in shares], broken)
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


def _objects(
    index: Index, shares: Sequence[ShardShare], broken: list[ShardBroken]
) -> Iterator[ObjectRef]:
    """All objects of the index, those of a rank's shards first; as `_read`.

    Without any, so that a rank without a match knows whether another rank has one.
    """
    own = dict.fromkeys(share.shard for share in shares)
    order = [*own, *(number for number in range(len(index.shards)) if number not in own)]
    yield from itertools.chain.from_iterable(_read(index, order, broken))


def _read(
    index: Index, numbers: Sequence[int], broken: list[ShardBroken]
) -> Iterator[tuple[ObjectRef, ...]]:
    """The objects of the shards `numbers`, shard by shard, several of them read at a time.

    A broken shard has none, and its error is added to `broken`. Raises: StoreError.
    """
    shards = [index.shards[number] for number in numbers]
    read = ordered_map(index.attempt, shards, threads=READERS, ahead=2 * READERS, name="index")
    for refs in read:
        if isinstance(refs, ShardBroken):
            broken.append(refs)
            yield ()
        else:
            yield refs
