"""One run, from options to exit status; what can be refused is refused before rendering."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import structlog

from worker import presets
from worker.contract.recipe import Recipe
from worker.core.errors import IndexInvalid, StoreError, WorkerError
from worker.core.failpoints import Failpoint, reach
from worker.core.ordered_map import ordered_map
from worker.core.ranks import Rank, ShardShare, assign
from worker.core.scratch import disk_base, scratch
from worker.index.list_rules import ListRules
from worker.index.reader import READERS, Index, checked, open_index
from worker.index.record import ObjectRef
from worker.index.scenes import arranged
from worker.index.uris import is_remote, shown
from worker.ledger import LedgerWriter
from worker.manifests import OutputManifest
from worker.run.feed import Feed
from worker.run.job import Job
from worker.run.outcome_counts import OutcomeCounts
from worker.run.pipeline import Pipeline
from worker.run.progress import watching
from worker.run.session import SessionOptions, SessionResult, run_session
from worker.run.shutdown import LAST_S, Stop
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.sources.keeper import Keeper
from worker.stores import open_store
from worker.supervisor import capabilities, needed, runtime
from worker.supervisor.fence.fences import Surroundings
from worker.supervisor.pool import Pool, PoolOptions

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
    keep_downloads: str | None = None
    keep_format: str = "zip"


def run(options: RunOptions, environment: Mapping[str, str] = os.environ) -> SessionResult:
    """Render this rank's objects.

    Raises: UsageError, ConfigurationError, NodeError, Interrupted.
    """
    return run_session(_run, options, environment)


def _run(options: RunOptions, rank: Rank, stop: Stop) -> tuple[OutcomeCounts, str]:
    store = open_store(options.output, options.s3)  # first: reading an index may take minutes
    recipe = presets.load(options.preset, options.overrides)
    index = arranged(open_index(options.index, options.s3, options.rules), recipe)
    job = Job(
        objects=index.objects,
        index_digest=index.digest,
        preset_digest=presets.digest(recipe),
        recipe=recipe,
        rank=rank,
        only=options.only,
        limit=options.limit,
        retry=options.retry,
        render_new=options.render_new,
        download_workers=options.download_workers,
    )
    store.check()
    OutputManifest.check(
        store,
        index=job.index_digest,
        preset=job.preset_digest,
        mix_versions=options.mix_versions,
    )
    shares = assign(len(index.shards), rank.rank, rank.world)
    index = checked(index, [share.shard for share in shares])
    if not options.render_new:  # what --only names may be a discovery
        options.only.check(_objects(index, shares), f"object of {shown(options.index)}")
    total = _total(index, shares, options)
    if not total and not options.render_new:  # this rank may own discoveries
        which = "none of the objects of --only" if options.only else "no objects"
        message = f"rank {rank.rank} of {rank.world} has {which}: the index has {index.objects}"
        log.warning(message)
        return OutcomeCounts(), store.uri
    keep = _keeper(options)
    found = runtime.find(options.blender)
    with ExitStack() as stack:
        folder = stack.enter_context(scratch(options.scratch))
        downloads = stack.enter_context(scratch(options.scratch or disk_base()))
        for mine in (folder, downloads):
            stop.before_leaving(partial(shutil.rmtree, mine, ignore_errors=True))
        fetcher = Fetcher(
            downloads / "fetched", limits=options.fetch, keep=keep, s3=options.s3,
            rules=options.rules.of(options.index),
        )  # fmt: skip
        own = [folder, *map(Path, _local(store.uri, keep.uri if keep else ""))]
        pool = Pool(
            found, options.pool, folder / "children",
            surroundings=Surroundings(
                objects=(downloads, *needed.of_recipe(recipe).paths), private=tuple(own)
            ),
        )  # fmt: skip
        pool.expect(_first_roots(index, shares, fetcher))
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
        ledger = stack.enter_context(
            LedgerWriter(
                store, rank, ready.blender, pool.device,
                children_per_device=pool.children_per_device,
            )
        )  # fmt: skip
        stop.before_leaving(partial(ledger.last_words, LAST_S))
        observer = stack.enter_context(watching(total))
        feed = Feed(job, index, store, stop, observer)
        private = (str(downloads), *_local(index.folder, store.uri))
        pipeline = Pipeline(
            job, feed, fetcher, pool, store, ledger, folder, observer, stop, private
        )  # fmt: skip
        counts = pipeline.run()
        if keep is not None and not keep.asked and counts.now:
            log.warning("nothing kept: no object was downloaded", keep=options.keep_downloads)
    return counts, store.uri


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


def _first_roots(index: Index, shares: Sequence[ShardShare], fetcher: Fetcher) -> tuple[Path, ...]:
    """The folders of a rank's first local objects, so that the first child may read them."""
    if not shares or is_remote(index.folder):  # a list over a network names nothing local
        return ()
    with suppress(IndexInvalid, StoreError):  # the feed says what is wrong with the shard
        return fetcher.local_roots(index.read(index.shards[shares[0].shard]))
    return ()


def _local(*places: str) -> tuple[str, ...]:
    return tuple(each for each in places if each and not is_remote(each))


def _total(index: Index, shares: Sequence[ShardShare], options: RunOptions) -> int:
    """Number of a rank's objects: of its shares, those of `only`, at most `limit`.

    Raises: IndexInvalid, StoreError.
    """
    if options.only:
        shards = _read(index, [share.shard for share in shares])
        total = sum(
            options.only.matches(ref)
            for share, refs in zip(shares, shards, strict=True)
            for ref in refs[share.stripe :: share.stripes]
        )
    else:
        total = sum(
            len(range(share.stripe, index.shards[share.shard].objects, share.stripes))
            for share in shares
        )
    return total if options.limit is None else min(total, options.limit)


def _objects(index: Index, shares: Sequence[ShardShare]) -> Iterator[ObjectRef]:
    """All objects of the index, those of a rank's shards first. Raises: IndexInvalid, StoreError.

    Without any, so that a rank without a match knows whether another rank has one.
    """
    own = dict.fromkeys(share.shard for share in shares)
    order = [*own, *(number for number in range(len(index.shards)) if number not in own)]
    yield from itertools.chain.from_iterable(_read(index, order))


def _read(index: Index, numbers: Sequence[int]) -> Iterator[tuple[ObjectRef, ...]]:
    """The objects of the shards `numbers`, shard by shard, several of them read at a time."""
    shards = [index.shards[number] for number in numbers]
    return ordered_map(index.read, shards, threads=READERS, ahead=2 * READERS, name="index")
