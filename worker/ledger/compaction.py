"""Joins the parts that one writer has written of a shard, so that a reader fetches one.

The shard then gets a summary, also of what others have written (`worker.ledger.summaries`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import structlog

from worker.core import keys
from worker.core.errors import StoreError
from worker.core.failpoints import Failpoint, reach
from worker.ledger.summaries import store_summary
from worker.stores.base import Store

log = structlog.get_logger(__name__)

MOST_BYTES: Final = 32 << 20
"""Size from which parts are joined although their shard is not done, so that memory is bounded."""


class Compactor:
    """Keeps the bodies of a writer's parts in memory until it joins them. Not thread-safe.

    A joined part has exactly the lines of the parts that its key names. They stay: nothing is
    deleted. If it cannot be written, nothing is lost but time of later readers.
    """

    def __init__(self, store: Store, writer: str) -> None:
        self._store = store
        self._writer = writer
        self._parts: dict[str, list[tuple[int, bytes]]] = {}
        """By shard: number and body of each part in the store that was not joined."""

    def written(self, shard: str, number: int, body: bytes) -> None:
        """Part `number` of this writer is in the store."""
        parts = self._parts.setdefault(shard, [])
        parts.append((number, body))
        if sum(len(body) for _, body in parts) > MOST_BYTES:
            self._join(shard)

    def finish_all_but(self, shards: Collection[str] = ()) -> None:
        """Join the parts of each shard, except of `shards`, which get more; summarize the shard."""
        for shard in [shard for shard in self._parts if shard not in shards]:
            found = self._join(shard)
            if found is not None:
                store_summary(self._store, shard, *found)

    def _join(self, shard: str) -> tuple[str, bytes] | None:
        """Key and body of the one part that then has these lines; None if it was not written."""
        parts = self._parts.pop(shard)
        body = b"".join(body for _, body in parts)
        key = keys.ledger_part(shard, self._writer, parts[0][0])
        if len(parts) > 1:
            key = keys.compacted_part(shard, self._writer, parts[0][0], parts[-1][0])
            try:
                reach(Failpoint.COMPACT_BEFORE)
                self._store.create(key, body)
                reach(Failpoint.COMPACT_AFTER)
            except StoreError as error:
                log.warning("cannot join ledger parts; all are there", key=key, why=str(error))
                return None
        return key, body
