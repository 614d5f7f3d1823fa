"""A run's downloads, if an earlier `fetch` has kept them: what its ledger says of each object."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from worker.core import keys
from worker.core.errors import ConfigurationError, OutputMismatch
from worker.core.s3 import S3Options
from worker.index.reader import Index
from worker.ledger import Outcome, read_ledger
from worker.manifests import FetchManifest
from worker.run.task import Task
from worker.sources.base import KeptObject
from worker.sources.kept import FETCH, Downloads
from worker.stores import open_store
from worker.stores.base import Store


class KeptDownloads:
    """A place of downloads of an index; `objects` is what a Fetcher reads it with."""

    def __init__(self, store: Store, listed: Index, rendered: Index) -> None:
        """listed: the index as it was fetched. rendered: as it is rendered; see `arranged`."""
        self.uri = store.uri
        self.objects = Downloads(store)
        self._store = store
        # A range of scenes that this run draws has its members in any shard of the list.
        self._names = None if rendered is listed else tuple(shard.name for shard in listed.shards)
        self._last: tuple[tuple[str, ...], Mapping[str, Sequence[KeptObject]]] = ((), {})

    def only_of(self, shards: Collection[str]) -> None:
        """Read of the ledger these shards alone, whatever shards the tasks say: of a sample."""
        self._names = self._names or tuple(sorted(shards))

    def announce(self, tasks: Sequence[Task]) -> None:
        """Tell the Fetcher what became of each task's object. Raises: StoreError."""
        names = self._names or tuple(dict.fromkeys(task.shard for task in tasks))
        if self._last[0] != names:
            lines = {uid: line for name in names for uid, line in self._read(name).items()}
            self._last = (names, lines)
        self.objects.expect((task.ref for task in tasks), self._last[1])

    def _read(self, shard: str) -> dict[str, Sequence[KeptObject]]:
        return {uid: _kept(line) for uid, line in read_ledger(self._store, shard).items()}


def _kept(line: Outcome) -> Sequence[KeptObject]:
    if line.outcome == "fetched":
        return line.kept
    return (KeptObject(code=line.code, message=line.message or ""),)


def kept_downloads(
    uri: str | None, s3: S3Options, listed: Index, rendered: Index
) -> KeptDownloads | None:
    """The place of downloads at `uri`; None without one.

    Raises: ConfigurationError if nothing was fetched there, or for another index; StoreError.
    """
    if uri is None:
        return None
    store = open_store(uri, s3)
    found = FetchManifest.read(store)
    if found is None:
        raise ConfigurationError(
            f"{store.uri}: has no {keys.FETCH}: nothing was fetched there yet; {FETCH} first"
        )
    if found.index != listed.digest:
        raise OutputMismatch(
            f"{FetchManifest.where(store)}: has the downloads of another index; run that "
            f"one, or {FETCH} for this one, to another place"
        )
    return KeptDownloads(store, listed, rendered)
