"""Runs one export. Options, input and output are checked before any file is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import chain, islice
from typing import Any, Final

import msgspec
import structlog

from worker.core import cores
from worker.core.errors import UsageError
from worker.core.ranks import Rank
from worker.core.scratch import scratch
from worker.export import advice, object_lists, requirements
from worker.export.base import Unit
from worker.export.earlier import Earlier
from worker.export.options import open_kind
from worker.export.paired_source import PairedSource
from worker.export.pipeline import ExportPipeline
from worker.export.source import Source
from worker.export.units import LISTED, Groups, single_units
from worker.export.where import WHERE, Condition, parsed
from worker.ledger import LOST, LedgerWriter, OverlapWatch
from worker.manifests import ExportManifest
from worker.run.outcome_counts import OutcomeCounts
from worker.run.progress import watching
from worker.run.session import SessionOptions, SessionResult, run_session
from worker.run.shutdown import LAST_S, Stop
from worker.stores import open_store, refuse_among
from worker.stores.base import Store

log = structlog.get_logger(__name__)

BESIDE: Final = "cond"
"""The option of an export kind that names a second output."""


class ExportOptions(SessionOptions, frozen=True, kw_only=True):
    """The options of `export`; `kind_options` are those of the export kind."""

    kind: str
    input: str
    to: str
    kind_options: dict[str, Any] = msgspec.field(default_factory=dict)
    retry_is_told: bool = True
    """Whether `retry` comes from the command line, not from the variable that `run` shares."""
    where: str | None = None
    """Which objects; see `worker.export.where`."""
    workers: int = 0
    """Number of objects or groups exported at the same time; 0 is one per CPU."""


def run(options: ExportOptions, environment: Mapping[str, str] = os.environ) -> SessionResult:
    """Export this rank's objects.

    Raises: UsageError, ConfigurationError, NodeError, Interrupted.
    """
    return run_session(_run, options, environment)


def _run(options: ExportOptions, rank: Rank, stop: Stop) -> tuple[OutcomeCounts, str]:
    export = open_kind(options.kind, options.kind_options)
    retry = _retry(options, whole_files=export.grouping is not None)
    where = None if options.where is None else parsed(options.where)
    source = _source(options, export, where)
    target = open_store(options.to, options.s3)
    refuse_among(target, source.stores, "--to")
    requirements.check(options.kind, export, source.recipe)
    digest = None
    files = 0
    look_alike: Mapping[str, str] = {}
    every = export.all_outcomes
    units: Iterator[Unit]
    total: int | None = None
    if export.grouping is None:
        singles = list(single_units(source, rank, every=every))
        units, total = iter(singles), len(singles)
    else:
        groups = Groups(source, rank, export.grouping, every=every, look_alike=export.duplicates)
        if groups.streams and _by_listing(target):
            digest, units = groups.ledger_digest, groups.streamed()
        else:
            whole = list(groups)
            total = sum(len(unit.objects) for unit in whole)
            units = iter(whole)
            digest, look_alike, files = groups.digest, groups.duplicates, groups.count
    first = next(units, None)
    source.check_selection(every=every, found=first is not None)
    units = chain(() if first is None else (first,), units)
    target.check()
    asked = msgspec.to_builtins(export)
    if isinstance(source, PairedSource):
        asked[BESIDE] = source.beside.manifest.preset
    if where is not None:
        asked[WHERE] = where.text
    manifest = ExportManifest.of(
        options.kind, asked, source.manifest, digest, options.only.patterns
    )
    manifest.bind(target, mix_versions=options.mix_versions)
    advice.give(options.kind, advice.Asked(export, source.recipe, files))
    stop.check()
    with ExitStack() as stack:
        folder = stack.enter_context(scratch(options.scratch))
        stop.before_leaving(lambda: shutil.rmtree(folder, ignore_errors=True))
        # A group of which a killed worker recorded a part is made again, its recorded objects too.
        earlier = Earlier(target)
        watch = stack.enter_context(
            OverlapWatch(target, rank, striped=rank.world > 1, known=earlier.all_parts())
        )
        ledger = stack.enter_context(LedgerWriter(target, rank, blender="", device="", watch=watch))
        stop.before_leaving(partial(ledger.last_words, LAST_S))
        observer = stack.enter_context(watching(total, doing="exporting"))
        pipeline = ExportPipeline(
            export, source, target, ledger, folder, observer, stop,
            workers=options.workers or cores.usable(), retry=retry, look_alike=look_alike,
        )  # fmt: skip
        counts = pipeline.run(islice(units, options.limit), earlier, streams=total is None)
    object_lists.write(options.kind, target, export)
    return counts, target.uri


def _source(options: ExportOptions, export: Any, where: Condition | None) -> Source:
    """The output, with a second one beside it if the export names one.

    Raises: ConfigurationError, StoreError.
    """
    store = open_store(options.input, options.s3)
    second = getattr(export, BESIDE, None)
    if second is None:
        return Source(store, only=options.only, where=where)
    beside = Source(open_store(second, options.s3))
    requirements.check(options.kind, export, beside.recipe, f"--{BESIDE}")
    return PairedSource(store, beside, only=options.only, where=where)


def _retry(options: ExportOptions, *, whole_files: bool) -> frozenset[str]:
    """The failure codes to retry, without those that this export cannot retry.

    Raises: UsageError, if one of these was given on the command line.
    """
    impossible = {
        LOST: "applies only to renders; 'run --retry lost' renders missing zips again",
        **dict.fromkeys(
            options.retry if whole_files else (),
            f"files of '{options.kind}' hold many objects and never change; export to a new --to "
            "without --retry",
        ),
    }
    for code in options.retry & impossible.keys():
        if options.retry_is_told:
            raise UsageError(f"--retry {code}: {impossible[code]}")
        log.info("retry code ignored: not applicable to this export", code=code)
    return options.retry - impossible.keys()


def _by_listing(target: Store) -> bool:
    """Whether a data set is, or will be, bound to the ledger's listing instead of all objects.

    Raises: OutputMismatch, StoreError.
    """
    begun = ExportManifest.read(target)
    return begun is None or (begun.objects or "").startswith(LISTED)
