"""The status of a store: of an output of renders, a data set or a place of downloads."""

from __future__ import annotations

from worker.core import keys
from worker.core.errors import ConfigurationError, OutputMismatch, UsageError
from worker.core.s3 import S3Options
from worker.export import EXPORT_KINDS
from worker.export.source import Source
from worker.export.where import WHERE, parsed
from worker.index.list_rules import ListRules
from worker.index.reader import open_index
from worker.index.scenes import arranged
from worker.index.selection import Selection
from worker.manifests import ExportManifest, FetchManifest, OutputManifest
from worker.report.status import EXPORTS, FETCHES, Status, status_of
from worker.stores import open_store
from worker.stores.base import Store


def finished_store(output: str, s3: S3Options) -> Store:
    """The store of a run, an export or a fetch. Raises: ConfigurationError, StoreError."""
    store = open_store(output, s3)
    kinds = (OutputManifest, ExportManifest, FetchManifest)
    if all(kind.read(store) is None for kind in kinds):
        raise _nothing(store)
    return store


def status_at(
    output: str,
    s3: S3Options,
    *,
    index: str | None,
    source: str | None,
    rules: ListRules = ListRules(),  # noqa: B008 - frozen
) -> Status:
    """The status of what a run, an export or a fetch has made at `output`.

    The number of objects left is computed from `index` or, for a data set, from `source`, the
    output it is made from. Without `index`, an output or downloads use the total in their manifest.

    Raises: UsageError, ConfigurationError, StoreError.
    """
    store = open_store(output, s3)
    renders = OutputManifest.read(store)
    if source is not None and ExportManifest.read(store) is None:
        raise UsageError(f"--input: {store.uri} is no data set; only its status needs the source")
    if renders is not None:
        totals = None
        if index is not None:
            found = arranged(open_index(index, s3, rules), Source(store).recipe)
            renders.check_index(store, found.digest)
            totals = {shard.name: shard.objects for shard in found.shards}
        return status_of(store, totals, renders.objects)
    fetched = FetchManifest.read(store)
    if fetched is not None:
        totals = None
        if index is not None:
            listed = open_index(index, s3, rules)
            fetched.check_index(store, listed.digest)
            totals = {shard.name: shard.objects for shard in listed.shards}
        return status_of(store, totals, fetched.objects, kinds=FETCHES)
    exported = ExportManifest.read(store)
    if exported is None:
        raise _nothing(store)
    totals = None
    if source is not None:
        totals = _totals(store, exported, Source(open_store(source, s3)))
    return status_of(store, totals, kinds=EXPORTS)


def _nothing(store: Store) -> ConfigurationError:
    return ConfigurationError(
        f"{store.uri}: has neither {keys.JOB}, {keys.EXPORT} nor {keys.FETCH}: nothing was "
        "rendered, exported or fetched there yet"
    )


def _totals(store: Store, exported: ExportManifest, source: Source) -> dict[str, int]:
    """Number of objects of the data set, by shard. Raises: ConfigurationError, StoreError."""
    exported.check_renders(store, source.manifest)
    if exported.kind not in EXPORT_KINDS:
        raise OutputMismatch(
            f"{store.uri}: this version of render-worker has no export kind '{exported.kind}'"
        )
    where = exported.options.get(WHERE)
    source = Source(
        source.store,
        only=Selection(exported.patterns),
        where=None if where is None else parsed(str(where)),
    )
    every = EXPORT_KINDS[exported.kind]().all_outcomes
    read = source.by_shard(source.listing().parts, every=every)
    return {shard: len(objects) for shard, objects in read}
