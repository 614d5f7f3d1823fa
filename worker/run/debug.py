"""`render-worker debug`: takes one object through the steps of a run and keeps all that they leave.

The steps are those of `worker.run.pipeline`: the same fetcher, pool and packing. Nothing is
published or recorded.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from worker import presets
from worker.contract import recipe as recipes
from worker.contract.protocol import Phase
from worker.contract.recipe import Recipe
from worker.contract.schema import RecipeError
from worker.core import keys
from worker.core.errors import (
    ConfigurationError,
    IndexInvalid,
    ObjectError,
    OutputMismatch,
    OutputUnwritable,
    ShardBroken,
    UsageError,
    WorkerError,
    one_line,
)
from worker.core.ranks import Rank
from worker.core.scratch import disk_base, scratch
from worker.index.list_rules import ListRules
from worker.index.reader import Index, all_of, open_index
from worker.index.record import BadRecord, ObjectRef
from worker.index.scenes import arranged
from worker.index.uris import local_only, shown
from worker.ledger import Author, Outcome, parts_of, read_shards
from worker.manifests import OutputManifest
from worker.pack.pack import pack
from worker.pack.result import PackedObject
from worker.run.command import environment_of
from worker.run.debug_folder import DebugFolder
from worker.run.debug_summary import Debugged, summary
from worker.run.downloads import KeptDownloads, kept_downloads
from worker.run.outcome_counts import OutcomeCounts
from worker.run.session import SessionOptions, SessionResult, run_session
from worker.run.shutdown import Stop
from worker.run.step import step
from worker.run.task import Task
from worker.sources import private_folders
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.stores import open_store
from worker.stores.base import Store
from worker.supervisor import capabilities, needed, runtime
from worker.supervisor.fence.fences import Surroundings
from worker.supervisor.pool import Pool, PoolOptions
from worker.supervisor.shares import Work

NAMED = 5
"""Objects that a message names, of those that `--only` matches."""


class DebugOptions(SessionOptions, frozen=True, kw_only=True):
    """Options of `debug`; one field per command-line option."""

    index: str
    to: Path
    output: str | None = None
    """An output whose ledger tells the object's history."""
    preset: str | None = None
    """By default that of `output`, else "default"."""
    overrides: tuple[str, ...] = ()
    blender: str = "auto"
    pool: PoolOptions = PoolOptions()
    fetch: FetchLimits = FetchLimits()
    rules: ListRules = ListRules()
    downloads: str | None = None
    """Place of downloads that a `fetch` has made."""
    max_failure_rate: float = 0.0


def run(options: DebugOptions) -> SessionResult:
    """Render one object and leave in `to` what there is of it, also if it fails.

    The exit status is 10 if the object failed. Raises: UsageError, ConfigurationError, NodeError.
    """
    return run_session(_run, options, environment={})  # no rank: any process may debug any object


def _run(options: DebugOptions, rank: Rank, stop: Stop) -> tuple[OutcomeCounts, str]:
    store = None if options.output is None else open_store(options.output, options.s3)
    recipe = _recipe(options, store)
    listed = open_index(options.index, options.s3, options.rules)
    index = arranged(listed, recipe)
    shard, ref = _chosen(index, options)
    downloads = kept_downloads(options.downloads, options.s3, listed, index)
    if downloads is not None:
        downloads.announce([Task(shard, ref, attempt=1)])
    history = [] if store is None else _history(store, shard, ref.uid)
    folder = DebugFolder.made(options.to)
    stop.check()
    try:
        outcome = _taken(options, recipe, shard, ref, folder, history, rank, stop, store, downloads)
    except OSError as error:
        raise OutputUnwritable(f"--to {options.to}: {error.strerror or error}") from error
    counts = OutcomeCounts()
    counts.add(outcome)
    return counts, str(options.to)


def _taken(
    options: DebugOptions,
    recipe: Recipe,
    shard: str,
    ref: ObjectRef,
    folder: DebugFolder,
    history: Sequence[Outcome],
    rank: Rank,
    stop: Stop,
    store: Store | None,
    downloads: KeptDownloads | None,
) -> Outcome:
    """Take the object to its outcome, and describe it in the folder."""
    folder.write_recipe(recipe)
    folder.write_record(ref)
    folder.write_script(_options(options))
    if options.output is not None:
        folder.write_lines(keys.DEBUG_HISTORY, history)
    seconds: dict[str, float] = {}
    with ExitStack() as stack:
        work = stack.enter_context(scratch(options.scratch))
        fetched = stack.enter_context(scratch(options.scratch or disk_base()))
        one = msgspec.structs.replace(options.pool, children_per_device=1)
        rules = options.rules.of(options.index)
        fetcher = Fetcher(
            fetched / "fetched", limits=options.fetch, s3=options.s3, rules=rules,
            downloads=downloads.objects if downloads else None,
        )  # fmt: skip
        places = local_only(*(each.uri for each in (store, downloads) if each is not None))
        surroundings = Surroundings(
            objects=(fetched, *needed.of_recipe(recipe).paths),
            private=(work, folder.path, *map(Path, places)),
            named=tuple(map(Path, local_only(rules.place or ""))),
        )
        pool = Pool(
            runtime.find(options.blender), one, work / "children", folder.log, surroundings,
            Work(1, recipe),
        )  # fmt: skip
        pool.expect(fetcher.local_roots([ref]))
        stack.callback(pool.close)
        stop.out_of_time(lambda: pool.close(now=True))
        stop.out_of_time(fetcher.stop)
        packed: PackedObject | None = None
        failed: WorkerError | None = None
        phases: list[Phase] = []
        try:
            packed = _steps(recipe, ref, folder, fetcher, pool, work, seconds, phases)
        except WorkerError as error:
            if not isinstance(error, ObjectError):
                stop.check()  # a Blender killed by a stop while it starts is not the node's fault
            failed = error
        author = Author.of(rank, pool.ready.blender if pool.ready else "", pool.device)
    outcome = None
    if packed is not None:
        outcome = Outcome.rendered(ref, shard, author, packed=packed, seconds=seconds, attempt=1)
    elif isinstance(failed, ObjectError):
        outcome = Outcome.failed(ref, shard, author, error=failed, seconds=seconds, attempt=1)
    about = Debugged(
        ref=ref, index=shown(options.index), recipe=recipe, author=author, history=history,
        outcome=outcome, error=failed, phase=phases[-1] if phases else None,
    )  # fmt: skip
    if outcome is not None:
        folder.write_lines(keys.DEBUG_OUTCOME, [outcome])
    folder.write_summary(summary(folder, about))
    if outcome is None and failed is not None:
        raise failed
    assert outcome is not None  # noqa: S101 - it was packed or has failed
    return outcome


def _steps(
    recipe: Recipe,
    ref: ObjectRef,
    folder: DebugFolder,
    fetcher: Fetcher,
    pool: Pool,
    work: Path,
    seconds: dict[str, float],
    phases: list[Phase],
) -> PackedObject:
    """Fetch, render and pack the object; each step's results are kept before the next begins.

    The time of each step is added to `seconds`, each phase of Blender to `phases`.
    """

    def folders() -> Iterable[str]:
        return private_folders.of([ref], [work, folder.path])

    with step("fetch", seconds, folders, uid=ref.uid):
        fetched = fetcher.fetch(ref)
    folder.write_record(folder.keep_fetched(fetched))
    capabilities.check(recipe, pool.open(environment_of(recipe)))
    raw = work / "raw"
    try:
        with step("render", seconds, folders, uid=ref.uid):
            rendered = pool.render(fetched, recipe, raw, phases.append, debug=True)
    finally:
        folder.keep_rendered(fetched, raw)
    with step("pack", seconds, folders, uid=ref.uid):
        packed = pack(rendered, recipe, work)
    shutil.copyfile(packed.path, folder.path / keys.debug_zip(ref.uid))
    return packed


def _recipe(options: DebugOptions, store: Store | None) -> Recipe:
    """The recipe that was asked for, or that of the output in `store`, with the overrides.

    Raises: PresetInvalid; ConfigurationError, if there is no output; StoreError.
    """
    if store is None or options.preset is not None:
        return presets.load(options.preset or "default", options.overrides)
    manifest = OutputManifest.read(store)
    if manifest is None:
        raise ConfigurationError(f"{store.uri}: no {keys.JOB}, so there is no output of a run")
    try:
        made_with = recipes.from_dict(manifest.recipe)
    except RecipeError as error:
        raise OutputMismatch(
            one_line(f"{store.uri}: its recipe is from another version of this program: {error}")
        ) from error
    with TemporaryDirectory() as folder:
        file = Path(folder, keys.DEBUG_RECIPE)
        file.write_text(presets.to_toml(made_with), encoding="utf-8")
        return presets.load(str(file), options.overrides)


def _chosen(index: Index, options: DebugOptions) -> tuple[str, ObjectRef]:
    """The one object that `--only` selects, and its shard.

    Raises: UsageError, ConfigurationError, IndexInvalid, StoreError.
    """
    where = shown(options.index)
    if not options.only and index.objects > 1:
        raise UsageError(f"--only is missing: {where} has {index.objects} objects; name one")
    broken: list[ShardBroken] = []
    try:
        options.only.check((ref for _, ref in _objects(index, broken)), f"object of {where}")
    except ConfigurationError as error:
        if broken:  # which may have it
            raise all_of(broken) from error
        raise
    found: dict[str, tuple[str, ObjectRef]] = {}
    for shard, ref in _objects(index, broken):
        if options.only.matches(ref):
            found.setdefault(ref.uid, (shard, ref))  # two shards may name the same object
        if len(found) == NAMED:
            break
    if len(found) > 1:
        names = ", ".join(repr(ref.file_identifier) for _, ref in found.values())
        more = ", …" if len(found) == NAMED else ""
        raise ConfigurationError(one_line(f"--only matches several objects: {names}{more}"))
    shard, ref = next(iter(found.values()))
    if isinstance(ref, BadRecord):
        raise IndexInvalid(ref.reason)
    return shard, ref


def _objects(index: Index, broken: list[ShardBroken]) -> Iterator[tuple[str, ObjectRef]]:
    """The objects with their shards. Errors of shards that cannot be read are added to `broken`."""
    for shard in index.shards:
        found = index.attempt(shard)
        if isinstance(found, ShardBroken):
            broken.append(found)
        else:
            yield from ((shard.name, ref) for ref in found)


def _history(store: Store, shard: str, uid: str) -> list[Outcome]:
    """The object's lines in the ledger, oldest first: in its shard, else in all of them.

    Raises: StoreError.
    """
    own = {shard: parts_of(store, shard)}
    for parts in (own, None):
        lines = [
            line
            for _, each in read_shards(store, Outcome, parts)
            for part in each
            for line in part
            if line.uid == uid
        ]
        if lines:
            return sorted(lines, key=lambda line: line.time)
    return []


def _options(options: DebugOptions) -> list[str]:
    """The options of a run that renders the object as it is rendered here."""
    limits, pool = options.pool.limits, options.pool
    given: dict[str, object] = {
        "--device": pool.device,
        "--blender": options.blender,
        "--sandbox": pool.sandbox,
        "--threads": pool.threads,
        "--object-timeout": limits.object_s,
        "--import-timeout": limits.import_s,
        "--view-timeout": limits.view_s,
        "--memory-limit-mb": limits.memory_bytes >> 20,
        "--max-download-mb": options.fetch.max_bytes >> 20,
    }
    words = [word for flag, value in given.items() for word in (flag, str(value))]
    # A list on a web server may name that server's objects; the record in the folder is local.
    allowed = options.rules.of(options.index).hosts.entries
    return [*words, "--allow-hosts", ",".join(allowed)] if allowed else words
