"""The input of an export that takes two outputs: each object's zip in one, and in the other."""

from __future__ import annotations

import threading
from functools import lru_cache

import msgspec

from worker.core.errors import ConfigurationError, Missing
from worker.export.base import Finished, Item
from worker.export.earlier import KEPT
from worker.export.source import Source
from worker.export.where import Condition
from worker.index.selection import Selection
from worker.stores.base import Store


class PairedSource(Source):
    """The objects of an output, with their zips in the output of `beside` as `Item.beside`."""

    def __init__(
        self, store: Store, beside: Source, *, only: Selection, where: Condition | None
    ) -> None:
        """Raises: ConfigurationError, if the outputs are of different indexes; StoreError."""
        super().__init__(store, only=only, where=where)
        self.beside = beside
        if self.manifest.index != beside.manifest.index:
            raise ConfigurationError(
                f"{store.uri} and {beside.store.uri} were rendered from different indexes; render "
                "both from the same one"
            )
        self._parts = beside.listing().parts
        self._shard = lru_cache(KEPT)(self._read_shard)
        self._reading = threading.Lock()

    @property
    def stores(self) -> tuple[Store, ...]:
        """The outputs that are read."""
        return (self.store, self.beside.store)

    def open(self, finished: Finished) -> Item:
        """Read an object's two zips. Raises: ObjectError, StoreError."""
        item = super().open(finished)
        with self._reading:  # else each thread reads the first shard
            found = self._shard(finished.shard).get(finished.uid)
        if found is None:
            raise Missing(
                f"it was not rendered to {self.beside.store.uri}; render it there, then export "
                "again with --retry missing"
            )
        return msgspec.structs.replace(item, beside=self.beside.open(found).rendered)

    def _read_shard(self, shard: str) -> dict[str, Finished]:
        parts = {shard: self._parts[shard]} if shard in self._parts else {}
        return {
            found.uid: found
            for _, objects in self.beside.by_shard(parts, every=False)
            for found in objects
        }
