"""`render-worker export`: make a data set of finished zips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from worker.commands.ending import end_with
from worker.commands.options import (
    ENVIRONMENT,
    MOST_THREADS,
    Grace,
    LogLevel,
    MaxFailureRate,
    MixVersions,
    Rank,
    Retry,
    Summary,
    WorldSize,
    is_from_variable,
    option,
    with_s3,
)
from worker.core.s3 import S3Options
from worker.export import EXPORT_KINDS
from worker.export.run import ExportOptions, run
from worker.ledger import codes_to_retry


@with_s3
def export_command(
    context: typer.Context,
    kind: Annotated[
        str, typer.Argument(help=f"{', '.join(EXPORT_KINDS)}.", envvar=ENVIRONMENT + "EXPORT_KIND")
    ],
    source: Annotated[
        str, option("--input", "Output of a run: a folder or s3://bucket/prefix.", metavar="URI")
    ],
    to: Annotated[str, option("--to", "Folder or s3://bucket/prefix to write.", metavar="URI")],
    layout: Annotated[
        str | None, option("--layout", "How files lie and what is in them; see docs/datasets.md.")
    ] = None,
    points: Annotated[
        int | None, option("--points", "pointcloud: points of a cloud (16384).", min=1)
    ] = None,
    candidates: Annotated[
        int | None,
        option("--candidates", "pointcloud: random points thinned to those (131072).", min=1),
    ] = None,
    splits: Annotated[
        str | None,
        option("--splits", "nerf but get3d: train,val,test views, counts or shares (0.8,0.1,0.1)."),
    ] = None,
    category: Annotated[
        str | None,
        option("--category", "nerf get3d, webdataset zeronvs, omage: of objects without one."),
    ] = None,
    categories: Annotated[
        str | None, option("--categories", "omage: all of them, with commas, in the ids' order.")
    ] = None,
    background: Annotated[
        str | None, option("--background", "webdataset zeronvs: white or black (white).")
    ] = None,
    preprocess: Annotated[
        int | None,
        option(
            "--preprocess",
            "hdf5: resize to squares of EDGE, standardise.",
            metavar="EDGE",
            min=1,
            max=4096,
        ),
    ] = None,
    lab: Annotated[bool, option("--lab", "hdf5: preprocess to L*a*b*, not RGB.")] = False,
    group_objects: Annotated[
        int | None,
        option("--group-objects", "webdataset, parquet, hdf5, omage: objects in a file.", min=1),
    ] = None,
    group_mb: Annotated[
        int | None, option("--group-mb", "webdataset, parquet: MB of zips in a file.", min=1)
    ] = None,
    rank: Rank = None,
    world_size: WorldSize = None,
    workers: Annotated[
        int, option("--workers", "Worked on at once; 0: one a CPU.", min=0, max=MOST_THREADS)
    ] = 0,
    limit: Annotated[
        int | None, option("--limit", "Take at most N objects, or files of many.", min=1)
    ] = None,
    retry: Retry = None,
    max_failure_rate: MaxFailureRate = 0.5,
    mix_versions: MixVersions = False,
    scratch: Annotated[
        Path | None, option("--scratch", "Folder for unfinished files; default: RAM if it fits.")
    ] = None,
    grace: Grace = 60.0,
    *,
    s3: S3Options,
    summary: Summary = None,  # noqa: ARG001 - heard by its own callback
    log_level: LogLevel = "info",
) -> None:
    """Make a data set of the kind KIND of what a run has rendered."""
    own = {
        "layout": layout,
        "points": points,
        "candidates": candidates,
        "splits": splits,
        "category": category,
        "categories": categories,
        "background": background,
        "preprocess": preprocess,
        "lab": lab or None,
        "group_objects": group_objects,
        "group_mb": group_mb,
    }
    options = ExportOptions(
        kind=kind,
        input=source,
        to=to,
        kind_options={name: value for name, value in own.items() if value is not None},
        rank=rank,
        world_size=world_size,
        limit=limit,
        retry=codes_to_retry(retry or ()),
        retry_is_told=not is_from_variable(context, "retry"),
        max_failure_rate=max_failure_rate,
        mix_versions=mix_versions,
        workers=workers,
        scratch=scratch,
        grace_s=grace,
        s3=s3,
    )
    end_with(lambda: run(options), log_level)
