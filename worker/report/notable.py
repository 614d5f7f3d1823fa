"""The objects that a person should look at: the worst, the slowest, those that lack textures."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import msgspec

from worker.core.formats import name_of
from worker.ledger import StatusLine

KEPT: Final = 10


class Notable(msgspec.Struct, frozen=True):
    """One object and the value that makes it notable."""

    name: str
    uid: str
    shard: str
    value: float


class Extremes:
    """Keeps the `KEPT` objects with the least values, or with the greatest. Memory is constant."""

    def __init__(
        self, value: Callable[[StatusLine], float | None], *, greatest: bool = False
    ) -> None:
        self._value = value
        self._sign = -1 if greatest else 1
        self._kept: list[tuple[float, int, Notable]] = []
        self._seen = 0

    def add(self, lines: Collection[StatusLine], shard: str) -> None:
        """Look at the lines of rendered objects of a shard."""
        value, sign = self._value, self._sign
        bound = self._kept[-1][0] if len(self._kept) == KEPT else float("inf")
        for line, found in zip(lines, map(value, lines), strict=True):
            if found is None or sign * found >= bound:
                continue
            self._seen += 1  # of equal values, the first are kept
            notable = Notable(name_of(line.file_identifier), line.uid, shard, found)
            self._kept.append((sign * found, self._seen, notable))
            if len(self._kept) > KEPT:
                self._kept.sort(key=lambda each: each[:2])
                del self._kept[KEPT:]
                bound = self._kept[-1][0]

    @property
    def found(self) -> tuple[Notable, ...]:
        """The objects, the most extreme first."""
        return tuple(notable for _, _, notable in sorted(self._kept, key=lambda each: each[:2]))
