"""`render-worker export`: make a data set of finished zips."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from worker import log
from worker.commands.options import (
    ENVIRONMENT,
    LogLevel,
    S3Addressing,
    S3Checksums,
    S3Endpoint,
    S3Region,
    option,
    s3_options,
)
from worker.errors import WorkerError
from worker.export import KINDS
from worker.export.run import ExportOptions, run
from worker.ledger import codes_to_retry
from worker.report import summary as summaries


def export_command(
    kind: Annotated[
        str, typer.Argument(help=f"{', '.join(KINDS)}.", envvar=ENVIRONMENT + "EXPORT_KIND")
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
        option("--splits", "nerf: train,val,test views, as counts or shares of 1 (0.8,0.1,0.1)."),
    ] = None,
    category: Annotated[
        str | None,
        option("--category", "nerf get3d, webdataset zeronvs: of objects without one (objects)."),
    ] = None,
    background: Annotated[
        str | None, option("--background", "webdataset zeronvs: white or black (white).")
    ] = None,
    group_objects: Annotated[
        int | None, option("--group-objects", "webdataset, parquet: objects in a file.", min=1)
    ] = None,
    group_mb: Annotated[
        int | None, option("--group-mb", "webdataset, parquet: MB of zips in a file.", min=1)
    ] = None,
    rank: Annotated[int | None, typer.Option("--rank", help="Of 0 … world size - 1.")] = None,
    world_size: Annotated[
        int | None, typer.Option("--world-size", help="Workers in all; default: the scheduler's.")
    ] = None,
    workers: Annotated[int, option("--workers", "Worked on at once; 0: one a CPU.", min=0)] = 0,
    limit: Annotated[
        int | None, option("--limit", "Take at most N objects, or files of many.", min=1)
    ] = None,
    retry: Annotated[
        list[str] | None,
        option("--retry", "Also try again failures of this code, or 'all'.", metavar="CODE"),
    ] = None,
    max_failure_rate: Annotated[
        float, option("--max-failure-rate", "Above it the exit status is 10.", min=0.0, max=1.0)
    ] = 0.5,
    scratch: Annotated[
        Path | None, option("--scratch", "Folder for unfinished files; default: RAM if it fits.")
    ] = None,
    grace: Annotated[
        float, option("--grace", "Seconds to finish what is in work once told to stop.", min=0.0)
    ] = 60.0,
    s3_endpoint: S3Endpoint = None,
    s3_region: S3Region = None,
    s3_addressing: S3Addressing = "auto",
    s3_checksums: S3Checksums = "when_supported",
    summary: Annotated[
        Path | None, option("--summary", "File for a JSON summary of at most 4 KB.")
    ] = None,
    log_level: LogLevel = "info",
) -> None:
    """Make a data set of the kind KIND of what a run has rendered."""
    log.configure("warning" if sys.stderr.isatty() and log_level == "info" else log_level)
    own = {
        "layout": layout,
        "points": points,
        "candidates": candidates,
        "splits": splits,
        "category": category,
        "background": background,
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
        max_failure_rate=max_failure_rate,
        workers=workers,
        scratch=scratch,
        grace_s=grace,
        s3=s3_options(s3_endpoint, s3_region, s3_addressing, s3_checksums),
    )
    try:
        result = run(options)
    except WorkerError as error:
        if summary is not None:
            summaries.write(summary, error.exit_status, error=error)
        raise
    if summary is not None:
        summaries.write(summary, result.status, tally=result.tally)
    if sys.stderr.isatty():
        Console(stderr=True).print(result.tally.sentence(result.output))
    raise typer.Exit(result.status)
