"""`render-worker run`: render this rank's objects."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from worker import log
from worker.commands.options import (
    ENVIRONMENT,
    LogLevel,
    Output,
    S3Addressing,
    S3Checksums,
    S3Endpoint,
    S3Region,
    option,
    s3_options,
)
from worker.errors import WorkerError
from worker.ledger import codes_to_retry
from worker.render.pool import PoolOptions
from worker.render.watch import Limits
from worker.report import summary as summaries
from worker.run import RunOptions, run
from worker.sources.base import FetchLimits


def run_command(
    index: Annotated[
        str, typer.Argument(help="Index, list or folder.", envvar=ENVIRONMENT + "INDEX")
    ],
    output: Output,
    preset: Annotated[str, option("--preset", "Preset name or TOML file.")] = "default",
    overrides: Annotated[
        list[str] | None, option("--set", "Override a preset key.", metavar="KEY=VALUE")
    ] = None,
    # Read by worker.ranks, which knows which schedulers' variables they go with.
    rank: Annotated[int | None, typer.Option("--rank", help="Of 0 … world size - 1.")] = None,
    world_size: Annotated[
        int | None, typer.Option("--world-size", help="Workers in all; default: the scheduler's.")
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "optix"], option("--device", "auto: OptiX, CUDA, CPU.")
    ] = "auto",
    blender: Annotated[
        str, option("--blender", "'bpy', a Blender program, or auto.", metavar="PATH")
    ] = "auto",
    children: Annotated[
        int,
        option("--children-per-device", "Blenders at work at once; 0: 1 on CPU, 2 on GPU.", min=0),
    ] = 0,
    threads: Annotated[int, option("--threads", "CPU threads a child; 0: all.", min=0)] = 0,
    object_timeout: Annotated[
        float, option("--object-timeout", "Seconds an object may take.", min=1.0)
    ] = 300.0,
    import_timeout: Annotated[
        float, option("--import-timeout", "Seconds its import may take.", min=1.0)
    ] = 120.0,
    view_timeout: Annotated[
        float, option("--view-timeout", "Seconds one view may take.", min=1.0)
    ] = 120.0,
    memory_limit: Annotated[
        int, option("--memory-limit-mb", "Memory of a child; 0: from machine or cgroup.", min=0)
    ] = 0,
    recycle_after: Annotated[
        int, option("--recycle-after", "Objects a Blender renders before it is replaced.", min=1)
    ] = 200,
    limit: Annotated[int | None, option("--limit", "Take at most N objects.", min=1)] = None,
    retry: Annotated[
        list[str] | None,
        option("--retry", "Also try again failures of this code, or 'all'.", metavar="CODE"),
    ] = None,
    max_failure_rate: Annotated[
        float, option("--max-failure-rate", "Above it the exit status is 10.", min=0.0, max=1.0)
    ] = 0.5,
    download_workers: Annotated[int, option("--download-workers", "Downloads at once.", min=1)] = 4,
    max_download: Annotated[
        int, option("--max-download-mb", "Largest object, unpacked, in MB.", min=1)
    ] = 1024,
    download_timeout: Annotated[
        float, option("--download-timeout", "Seconds a download may take.", min=1.0)
    ] = 600.0,
    keep_downloads: Annotated[
        str | None, option("--keep-downloads", "Folder or S3 prefix to keep models in.")
    ] = None,
    keep_format: Annotated[
        Literal["zip", "tar", "tar.gz", "files"], option("--keep-format", "How they are kept.")
    ] = "zip",
    render_new: Annotated[
        bool, option("--render-new", "Render what repositories hold beside the index's objects.")
    ] = False,
    scratch: Annotated[
        Path | None, option("--scratch", "Folder for raw passes; default: RAM if it fits.")
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
    """Render this rank's objects of INDEX into --output, one zip each."""
    log.configure("warning" if sys.stderr.isatty() and log_level == "info" else log_level)
    options = RunOptions(
        index=index,
        output=output,
        preset=preset,
        overrides=tuple(overrides or ()),
        rank=rank,
        world_size=world_size,
        limit=limit,
        retry=codes_to_retry(retry or ()),
        render_new=render_new,
        max_failure_rate=max_failure_rate,
        blender=blender,
        pool=PoolOptions(
            device=device,
            children_per_device=children,
            threads=threads,
            recycle_after=recycle_after,
            limits=Limits(
                import_s=import_timeout,
                view_s=view_timeout,
                object_s=object_timeout,
                memory_bytes=memory_limit << 20,
            ),
        ),
        fetch=FetchLimits(max_bytes=max_download << 20, timeout_s=download_timeout),
        download_workers=download_workers,
        keep_downloads=keep_downloads,
        keep_format=keep_format,
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
