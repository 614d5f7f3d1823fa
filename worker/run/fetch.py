"""One fetch, from options to exit status: a rank's objects are kept for runs without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

import structlog

from worker.core.errors import ShardBroken
from worker.core.failpoints import Failpoint, reach
from worker.core.ranks import Rank, assign
from worker.core.scratch import disk_base, remove_orphans, scratch
from worker.index.list_rules import ListRules
from worker.index.reader import checked, open_index
from worker.index.uris import local_only, shown
from worker.ledger import LedgerWriter, OverlapWatch
from worker.manifests import FetchManifest
from worker.run.feed import Feed
from worker.run.fetch_pipeline import FetchPipeline
from worker.run.job import FeedSettings
from worker.run.outcome_counts import OutcomeCounts
from worker.run.progress import watching
from worker.run.selected import check_only, total_of
from worker.run.session import SessionOptions, SessionResult, run_session
from worker.run.shutdown import LAST_S, Stop
from worker.sources import kept
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.sources.keeper import Keeper
from worker.stores import open_store

log = structlog.get_logger(__name__)


class FetchOptions(SessionOptions, frozen=True, kw_only=True):
    """Options of a fetch; one field per command-line option."""

    index: str
    to: str
    fetch: FetchLimits = FetchLimits()
    rules: ListRules = ListRules()
    download_workers: int = 4


def run(options: FetchOptions, environment: Mapping[str, str] = os.environ) -> SessionResult:
    """Fetch this rank's objects.

    Raises: UsageError, ConfigurationError, NodeError, Interrupted.
    """
    return run_session(_run, options, environment)


def _run(options: FetchOptions, rank: Rank, stop: Stop) -> tuple[OutcomeCounts, str]:
    store = open_store(options.to, options.s3)  # first: reading an index may take minutes
    index = open_index(options.index, options.s3, options.rules)
    store.check()
    shares = assign(len(index.shards), rank.rank, rank.world)
    index = checked(index, [share.shard for share in shares])
    check_only(index, shares, options.only, shown(options.index))
    FetchManifest.of(index.digest, index.objects).bind(store, mix_versions=options.mix_versions)
    broken: list[ShardBroken] = []
    total = total_of(index, shares, options, broken)
    if not total:
        which = "none of the objects of --only" if options.only else "no objects"
        log.warning("nothing to fetch", rank=f"{rank.rank} of {rank.world}", why=f"it has {which}")
        counts = OutcomeCounts("fetched")
        counts.skipped((), broken)
        return counts, store.uri
    stop.check()
    settings = FeedSettings(rank=rank, only=options.only, limit=options.limit, retry=options.retry)
    with ExitStack() as stack:
        observer = stack.enter_context(watching(total, doing="fetching"))
        feed = Feed(settings, index, store, stop, observer)
        if not feed.has_work():
            log.info("nothing left to fetch")
            remove_orphans(options.scratch or disk_base())
            counts = OutcomeCounts("fetched")
            counts.skipped(feed.settled, feed.broken)
            return counts, store.uri
        folder = stack.enter_context(scratch(options.scratch or disk_base()))
        stop.before_leaving(partial(shutil.rmtree, folder, ignore_errors=True))
        fetcher = Fetcher(
            folder / "fetched", limits=options.fetch, s3=options.s3,
            keep=Keeper(store, kept.FORMAT, exact=True), rules=options.rules.of(options.index),
        )  # fmt: skip
        watch = stack.enter_context(OverlapWatch.of(store, rank, shares, options.retry))
        stack.callback(reach, Failpoint.FINISHED)
        ledger = stack.enter_context(LedgerWriter(store, rank, blender="", device="", watch=watch))
        stop.before_leaving(partial(ledger.last_words, LAST_S))
        pipeline = FetchPipeline(
            feed, fetcher, ledger, observer, stop, workers=options.download_workers,
            private=local_only(str(folder), index.folder, store.uri),
        )  # fmt: skip
        counts = pipeline.run()
    if pipeline.local:
        log.warning(
            "objects of a local file system are not copied; a run needs them where they are",
            objects=pipeline.local,
        )
    return counts, store.uri
