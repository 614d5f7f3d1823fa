"""`render-worker run`: render this rank's objects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from worker.commands.ending import end_with
from worker.commands.options import (
    ENVIRONMENT,
    MOST_THREADS,
    Grace,
    LogLevel,
    MaxFailureRate,
    MixVersions,
    Output,
    Overrides,
    Rank,
    Retry,
    Summary,
    WorldSize,
    option,
    with_s3,
)
from worker.core.s3 import S3Options
from worker.ledger import codes_to_retry
from worker.run.command import RunOptions, run
from worker.sources.base import FetchLimits
from worker.supervisor.pool import PoolOptions
from worker.supervisor.watchdog import Limits

MOST_DEPTH = 64
"""As deep as `names.safe_member` lets a path be."""


@with_s3
def run_command(
    index: Annotated[
        str, typer.Argument(help="Index, list or folder.", envvar=ENVIRONMENT + "INDEX")
    ],
    output: Output,
    preset: Annotated[str, option("--preset", "Preset name or TOML file.")] = "default",
    overrides: Overrides = None,
    rank: Rank = None,
    world_size: WorldSize = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "optix"], option("--device", "auto: OptiX, CUDA, CPU.")
    ] = "auto",
    blender: Annotated[
        str, option("--blender", "'bpy', a Blender program, or auto.", metavar="PATH")
    ] = "auto",
    children: Annotated[
        int,
        option(
            "--children-per-device",
            "Blenders at work at once; 0: 1 on CPU, 2 on GPU.",
            min=0,
            max=MOST_THREADS,
        ),
    ] = 0,
    threads: Annotated[
        int, option("--threads", "CPU threads a child; 0: all it may use.", min=0, max=MOST_THREADS)
    ] = 0,
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
    retry: Retry = None,
    max_failure_rate: MaxFailureRate = 0.5,
    mix_versions: MixVersions = False,
    download_workers: Annotated[
        int, option("--download-workers", "Downloads at once.", min=1, max=MOST_THREADS)
    ] = 4,
    max_download: Annotated[
        int, option("--max-download-mb", "Largest object, unpacked, in MB.", min=1)
    ] = 1024,
    root_depth: Annotated[
        int,
        option(
            "--root-depth",
            "Folders above a listed local model whose files it may use; 0: its own only.",
            min=0,
            max=MOST_DEPTH,
        ),
    ] = 0,
    download_timeout: Annotated[
        float, option("--download-timeout", "Seconds a download may take.", min=1.0)
    ] = 600.0,
    keep_downloads: Annotated[
        str | None, option("--keep-downloads", "Folder or S3 prefix to keep what is downloaded in.")
    ] = None,
    keep_format: Annotated[
        Literal["zip", "tar", "tar.gz", "files"], option("--keep-format", "How they are kept.")
    ] = "zip",
    render_new: Annotated[
        bool, option("--render-new", "Render what repositories hold beside the index's objects.")
    ] = False,
    scratch: Annotated[
        Path | None,
        option(
            "--scratch", "Folder for raw passes and downloads; default: RAM if it fits, and TMPDIR."
        ),
    ] = None,
    grace: Grace = 60.0,
    *,
    s3: S3Options,
    summary: Summary = None,  # noqa: ARG001 - heard by its own callback
    log_level: LogLevel = "info",
) -> None:
    """Render this rank's objects of INDEX into --output, one zip each."""
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
        mix_versions=mix_versions,
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
        fetch=FetchLimits(
            max_bytes=max_download << 20, timeout_s=download_timeout, root_depth=root_depth
        ),
        download_workers=download_workers,
        keep_downloads=keep_downloads,
        keep_format=keep_format,
        scratch=scratch,
        grace_s=grace,
        s3=s3,
    )
    end_with(lambda: run(options), log_level)
