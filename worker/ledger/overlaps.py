"""Notices another worker that does the same objects at the same time: renders, fetches or exports.

Two arrays, or two jobs with the same rank, do all of the work twice without damage. A worker skips
what the ledger calls done when it opens a shard. So if another worker's part calls an object done
that this worker has done too, both were at it together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Final, Self

import msgspec
import structlog

from worker.core import keys
from worker.core.errors import StoreError
from worker.core.json_errors import NOT_JSON
from worker.core.ranks import Rank, ShardShare
from worker.ledger.listing import current
from worker.ledger.outcome import LOST, LedgerLine, rank_prefix
from worker.stores.base import Store

log = structlog.get_logger(__name__)

MOST_SHARDS: Final = 8
"""Shards whose objects are remembered, the latest ones; a rank may have thousands."""
MOST_PARTS: Final = 16
"""Other workers' parts that are read at a look: those of the workers that started last."""


class _Line(LedgerLine, frozen=True, kw_only=True, omit_defaults=True):
    worker: str = ""
    rank: int = 0
    world: int = 1


class _Shard:
    """What this worker has done of a shard."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self.parts = 0
        self.looked = 0
        """How many parts there were at the last look."""


class OverlapWatch:
    """Looks after the first, second, fourth, … part of a shard, and at the end; warns once.

    A look is one listing and at most MOST_PARTS reads. With `striped`, other ranks share this
    rank's shards, and only workers of the same rank are looked at. Not thread-safe.
    """

    def __init__(
        self, store: Store, rank: Rank, *, striped: bool, known: Iterable[str] = ()
    ) -> None:
        """known: parts that were there when this worker began, so of no one beside it."""
        self._store = store
        self._only = rank_prefix(rank.rank) if striped else ""
        self._shards: dict[str, _Shard] = {}
        self._own = ""
        """The name of this writer."""
        self._read = set(known)
        self._told = False
        self._decoder = msgspec.json.Decoder(_Line)

    @classmethod
    def of(
        cls, store: Store, rank: Rank, shares: Iterable[ShardShare], retry: Collection[str]
    ) -> AbstractContextManager[OverlapWatch | None]:
        """The watch of a rank's shares; enter it before the writer, so that it looks after it too.

        None with LOST in `retry`, which does again what the ledger calls done.
        """
        if LOST in retry:
            return nullcontext()
        return cls(store, rank, striped=any(share.stripes > 1 for share in shares))

    def wrote(self, key: str, body: bytes) -> None:
        """Note a part of this worker's own that is in the store."""
        name = keys.shard_of_part(key)
        shard = self._shards.pop(name, None) or _Shard()
        self._shards[name] = shard  # the latest is the last
        if len(self._shards) > MOST_SHARDS:
            self._shards.pop(next(iter(self._shards)))
        self._own = _writer(key)
        shard.done |= {line.uid for line in self._decoder.decode_lines(body) if line.done}
        shard.parts += 1

    def look(self, *, last: bool = False) -> None:
        """Look at the shards whose turn it is; at the end (`last`), at all that have new parts."""
        for name, shard in self._shards.items():
            if self._told:
                return
            if shard.parts >= 2 * shard.looked + (not shard.looked) or (
                last and shard.parts > shard.looked
            ):
                shard.looked = shard.parts
                try:
                    self._look(name, shard)
                except StoreError as error:
                    log.debug("cannot look for other workers", why=str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is None:
            self.look(last=True)

    def _look(self, name: str, shard: _Shard) -> None:
        listed = [each.key for each in self._store.list(keys.ledger_of(name) + self._only)]
        others = [
            key for key in current(listed) if _writer(key) != self._own and key not in self._read
        ]
        # A writer's name has its rank and then the time at which it started.
        others.sort(key=lambda key: key.rpartition("/")[2].split("-")[1:])
        for key in others[-MOST_PARTS:]:
            self._read.add(key)
            try:
                lines = self._decoder.decode_lines(self._store.read(key) or b"")
            except NOT_JSON:  # whoever reads the ledger tells it
                continue
            twice = [line for line in lines if line.done and line.uid in shard.done]
            if twice:
                self._tell(name, twice)
                return

    def _tell(self, name: str, twice: list[_Line]) -> None:
        self._told = True
        other = twice[0]
        log.warning(
            "another worker does the same objects at the same time: all of it is done twice",
            shard=name,
            objects=len(twice),
            other=other.worker,
            other_rank=f"{other.rank} of {other.world}",
            advice="stop one of the two jobs (or arrays) that write to this output; it loses "
            "nothing, and the other goes on",
        )


def _writer(key: str) -> str:
    """The writer of a part; "" for a key that is none's."""
    part = keys.part_numbers(key)
    return part[0] if part else ""
