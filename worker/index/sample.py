"""A random sample of an index, the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from worker.index.reader import Index
from worker.index.record import BadRecord, ObjectRef


def drawn(index: Index, count: int) -> Iterator[tuple[str, ObjectRef]]:
    """Up to `count` objects of an index with their shards, drawn without repetition, in its order.

    Bad records are left out. Reads only the shards that hold them. The draw depends on the index
    and on `count` alone.

    Raises: IndexInvalid, StoreError.
    """
    chosen = random.Random(f"{index.digest} {count}")  # noqa: S311 - a sample, not a secret
    places = sorted(chosen.sample(range(index.objects), min(count, index.objects)))
    ends = list(accumulate(shard.objects for shard in index.shards))
    for shard, end in zip(index.shards, ends, strict=True):
        mine = [
            place - (end - shard.objects) for place in places if end - shard.objects <= place < end
        ]
        if mine:
            refs = index.read(shard)
            found = (refs[place] for place in mine if place < len(refs))  # less its duplicates
            yield from ((shard.name, ref) for ref in found if not isinstance(ref, BadRecord))


def as_list(refs: list[ObjectRef]) -> bytes:
    """The objects as a list in JSON lines, which `open_index` reads from any folder."""
    return b"".join(msgspec.json.encode(ref) + b"\n" for ref in refs)
