"""The objects that a person should look at: the worst, the slowest, those that lack textures."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from worker.ledger import Extreme
from worker.ledger.summary import KEPT


class Notable(msgspec.Struct, frozen=True):
    """One object and the value that makes it notable."""

    name: str
    uid: str
    shard: str
    value: float


class Extremes:
    """Keeps the `KEPT` objects with the least values, or with the greatest. Memory is constant."""

    def __init__(self, *, greatest: bool = False) -> None:
        self._sign = -1 if greatest else 1
        self._kept: list[tuple[float, int, Notable]] = []
        self._seen = 0

    def add(self, found: Collection[Extreme], shard: str) -> None:
        """Look at the extremes of a shard."""
        for each in found:
            if len(self._kept) == KEPT and self._sign * each.value >= self._kept[-1][0]:
                continue
            self._seen += 1  # of equal values, the first are kept
            notable = Notable(each.name, each.uid, shard, each.value)
            self._kept.append((self._sign * each.value, self._seen, notable))
            self._kept.sort(key=lambda each: each[:2])
            del self._kept[KEPT:]

    @property
    def found(self) -> tuple[Notable, ...]:
        """The objects, the most extreme first."""
        return tuple(notable for _, _, notable in self._kept)
