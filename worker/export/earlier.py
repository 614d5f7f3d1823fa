"""What earlier exports recorded in a data set, read as far as it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import chain

from worker.export.base import Unit
from worker.ledger import Outcome, folded, listing, read_parts
from worker.stores.base import Store

KEPT = 4
"""Shards in memory: a unit's objects are in one or a few, and so are those of the next one."""


class Earlier:
    """The recorded outcomes of a data set."""

    def __init__(self, target: Store) -> None:
        self._target = target
        self._read = lru_cache(KEPT)(self._read_shard)

    def of(self, unit: Unit) -> dict[str, Outcome]:
        """The outcomes of the objects of the unit's shards, by uid. Raises: StoreError."""
        outcomes: dict[str, Outcome] = {}
        for shard in sorted({found.shard for found in unit.objects}):
            outcomes |= self._read(shard)
        return outcomes

    def all_parts(self) -> Iterator[str]:
        """The keys of the parts that hold them. Raises: StoreError."""
        return chain.from_iterable(self._parts.values())

    @cached_property
    def _parts(self) -> dict[str, tuple[str, ...]]:
        return listing(self._target).parts

    def _read_shard(self, shard: str) -> dict[str, Outcome]:
        parts = read_parts(self._target, self._parts.get(shard, ()), Outcome)
        return folded(lines for _, lines in parts)
