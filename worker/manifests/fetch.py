"""``fetch.json`` binds a place of downloads to the index whose objects it has."""

from __future__ import annotations

from typing import ClassVar

from worker import __version__
from worker.core import keys
from worker.manifests.base import VERSION, WORKER, Manifest, short
from worker.stores.base import Store


class FetchManifest(Manifest, frozen=True, kw_only=True):
    """The manifest of a place of downloads."""

    KEY = keys.FETCH
    FORMAT = keys.FETCH_FORMAT
    WHAT = "a place of downloads"
    PLACE = "place of downloads"
    ELSEWHERE = "another --to"
    OTHERS: ClassVar = {
        keys.JOB: "an output of renders; fetch to another --to",
        keys.EXPORT: "a data set made from renders; fetch to another --to",
    }
    PROGRAMS: ClassVar = {WORKER: "worker"}

    index: str
    """sha256 of the index."""
    objects: int
    """Number of objects in the index."""
    worker: str
    """Version of the worker that began it."""

    @classmethod
    def of(cls, index: str, objects: int) -> FetchManifest:
        """The manifest of a new place of downloads."""
        return cls(
            format=cls.FORMAT, version=VERSION, index=index, objects=objects, worker=__version__
        )

    def check_asked(self, store: Store, asked: FetchManifest) -> None:
        """Refuse another index. Raises: OutputMismatch."""
        self.check_index(store, asked.index)

    def check_index(self, store: Store, digest: str) -> None:
        """Refuse an index with another digest. Raises: OutputMismatch."""
        self.check_same(store, "index", self.index, digest, short)
