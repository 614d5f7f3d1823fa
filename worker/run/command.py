"""One run, from options to exit status; what can be refused is refused before rendering."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import structlog

from worker import presets
from worker.contract.recipe import Recipe
from worker.core.errors import ShardBroken, UsageError, WorkerError
from worker.core.failpoints import Failpoint, reach
from worker.core.ranks import Rank, assign
from worker.core.scratch import default_base, disk_base, remove_orphans, scratch
from worker.index.list_rules import ListRules
from worker.index.reader import Index, checked, open_index
from worker.index.scenes import arranged
from worker.index.uris import is_remote, local_only, shown
from worker.ledger import LedgerWriter, OverlapWatch
from worker.manifests import OutputManifest
from worker.run.downloads import KeptDownloads, kept_downloads
from worker.run.feed import Feed
from worker.run.job import Job
from worker.run.metrics.options import MetricsOptions
from worker.run.metrics.publishing import Metrics, publishing
from worker.run.outcome_counts import OutcomeCounts
from worker.run.pipeline import Pipeline
from worker.run.progress import Observer, watching
from worker.run.selected import check_only, total_of
from worker.run.session import SessionOptions, SessionResult, run_session
from worker.run.shutdown import LAST_S, Stop
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.sources.keeper import Keeper
from worker.stores import open_store
from worker.stores.base import Store
from worker.supervisor import capabilities, needed, runtime
from worker.supervisor.fence.fences import Surroundings
from worker.supervisor.pool import Pool, PoolOptions
from worker.supervisor.shares import Work

log = structlog.get_logger(__name__)


class RunOptions(SessionOptions, frozen=True, kw_only=True):
    """Options of a run; one field per command-line option."""

    index: str
    output: str
    preset: str = "default"
    overrides: tuple[str, ...] = ()
    render_new: bool = False
    blender: str = "auto"
    pool: PoolOptions = PoolOptions()
    fetch: FetchLimits = FetchLimits()
    rules: ListRules = ListRules()
    download_workers: int = 4
    downloads: str | None = None
    """Place of downloads that a `fetch` has made."""
    keep_downloads: str | None = None
    keep_format: str = "zip"
    metrics: MetricsOptions = MetricsOptions()
    layout_prefix: int | None = None
    """See `OutputManifest.layout_prefix`; None: as the output has it, or 0."""


def run(
    options: RunOptions,
    environment: Mapping[str, str] = os.environ,
    downloads: KeptDownloads | None = None,
) -> SessionResult:
    """Render this rank's objects.

    downloads: those of `options.downloads`, if its index is another one than the run's.

    Raises: UsageError, ConfigurationError, NodeError, Interrupted.
    """
    return run_session(partial(_run, downloads=downloads), options, environment)


def _run(
    options: RunOptions, rank: Rank, stop: Stop, downloads: KeptDownloads | None
) -> tuple[OutcomeCounts, str]:
    if options.downloads is not None and options.keep_downloads is not None:
        raise UsageError("--keep-downloads: with --downloads, nothing is downloaded")
    store = open_store(options.output, options.s3)  # first: reading an index may take minutes
    with publishing(options.metrics, rank, store.uri) as metrics:
        return _work(options, rank, stop, store, metrics, downloads)


def _work(
    options: RunOptions,
    rank: Rank,
    stop: Stop,
    store: Store,
    metrics: Metrics,
    downloads: KeptDownloads | None,
) -> tuple[OutcomeCounts, str]:
    recipe = presets.load(options.preset, options.overrides)
    listed = open_index(options.index, options.s3, options.rules)
    index = arranged(listed, recipe)
    downloads = downloads or kept_downloads(options.downloads, options.s3, listed, index)
    digest = presets.digest(recipe)
    store.check()
    begun = OutputManifest.check(
        store,
        index=index.digest,
        preset=digest,
        layout_prefix=options.layout_prefix,
        mix_versions=options.mix_versions,
    )
    job = Job(
        objects=index.objects,
        index_digest=index.digest,
        preset_digest=digest,
        recipe=recipe,
        rank=rank,
        only=options.only,
        limit=options.limit,
        retry=options.retry,
        render_new=options.render_new,
        layout_prefix=options.layout_prefix or 0 if begun is None else begun.prefix,
        download_workers=options.download_workers,
    )
    shares = assign(len(index.shards), rank.rank, rank.world)
    index = checked(index, [share.shard for share in shares])
    if not options.render_new:  # what --only names may be a discovery
        check_only(index, shares, options.only, shown(options.index))
    broken: list[ShardBroken] = []
    total = total_of(index, shares, options, broken)
    if not total and not options.render_new:  # this rank may own discoveries
        which = "none of the objects of --only" if options.only else "no objects"
        message = f"rank {rank.rank} of {rank.world} has {which}: the index has {index.objects}"
        log.warning(message)
        counts = OutcomeCounts()
        counts.skipped((), broken)
        return counts, store.uri
    keep = _keeper(options)
    with watching(total) as progress:
        observer = metrics.observing(progress, total)
        feed = Feed(job, index, store, stop, observer)
        if begun is not None and not feed.has_work():
            log.info("nothing left to render: Blender is not started")
            for base in {options.scratch or default_base(), options.scratch or disk_base()}:
                remove_orphans(base)
            counts = OutcomeCounts()
            counts.skipped(feed.settled, feed.broken)
            return counts, store.uri
        counts = _render(
            options, job, index, feed, total, store, downloads, keep, observer, metrics, stop
        )
    if keep is not None and not keep.asked and counts.now:
        log.warning("nothing kept: no object was downloaded", keep=options.keep_downloads)
    return counts, store.uri


def _render(
    options: RunOptions,
    job: Job,
    index: Index,
    feed: Feed,
    total: int,
    store: Store,
    downloads: KeptDownloads | None,
    keep: Keeper | None,
    observer: Observer,
    metrics: Metrics,
    stop: Stop,
) -> OutcomeCounts:
    """Start Blender and take every object of `feed` to its outcome."""
    recipe = job.recipe
    with ExitStack() as stack:
        found = runtime.find(options.blender)
        folder = stack.enter_context(scratch(options.scratch))
        fetched = stack.enter_context(scratch(options.scratch or disk_base()))
        for mine in (folder, fetched):
            stop.before_leaving(partial(shutil.rmtree, mine, ignore_errors=True))
        rules = options.rules.of(options.index)
        fetcher = Fetcher(
            fetched / "fetched", limits=options.fetch, keep=keep, s3=options.s3, rules=rules,
            downloads=downloads.objects if downloads else None,
        )  # fmt: skip
        places = [store.uri, *(each.uri for each in (keep, downloads) if each is not None)]
        pool = Pool(
            found, options.pool, folder / "children",
            surroundings=Surroundings(
                objects=(fetched, *needed.of_recipe(recipe).paths),
                private=(folder, *map(Path, local_only(*places))),
                named=tuple(map(Path, local_only(rules.place or ""))),
            ),
            work=Work(0 if options.render_new else total, recipe),
        )  # fmt: skip
        if not is_remote(index.folder):  # a list over a network names nothing local
            pool.expect(fetcher.local_roots(task.ref for task in feed.peek()))
        stack.callback(pool.close)
        stop.out_of_time(lambda: pool.close(now=True))
        stack.callback(reach, Failpoint.FINISHED)
        stop.check()
        try:
            ready = pool.open(environment_of(recipe))
        except WorkerError:
            stop.check()  # a Blender killed by a stop while it starts is not the node's fault
            raise
        reach(Failpoint.BLENDER_READY)
        stop.check()
        capabilities.check(recipe, ready)
        job.manifest(ready.blender).bind(store, mix_versions=options.mix_versions)
        reach(Failpoint.JOB_BOUND)
        shares = assign(len(index.shards), job.rank.rank, job.rank.world)
        watch = stack.enter_context(OverlapWatch.of(store, job.rank, shares, job.retry))
        ledger = stack.enter_context(
            LedgerWriter(
                store, job.rank, ready.blender, pool.device,
                children_per_device=pool.children_per_device, watch=watch,
            )
        )  # fmt: skip
        stop.before_leaving(partial(ledger.last_words, LAST_S))
        private = (str(fetched), *local_only(index.folder, *places))
        pipeline = Pipeline(
            job, feed, fetcher, pool, store, ledger, folder, observer, stop, private, downloads
        )  # fmt: skip
        metrics.watch(pool, pipeline.waiting)
        return pipeline.run()


def environment_of(recipe: Recipe) -> str:
    """The environment image that lights every object, or ""."""
    return recipe.lights.environment if recipe.lights.rig == "environment" else ""


def _keeper(options: RunOptions) -> Keeper | None:
    """What keeps the downloads. Raises: UsageError, StoreError."""
    if options.keep_downloads is None:
        return None
    store = open_store(options.keep_downloads, options.s3)
    store.check()
    return Keeper(store, options.keep_format)
