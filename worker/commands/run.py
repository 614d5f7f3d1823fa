"""`render-worker run`: render this rank's objects."""

from __future__ import annotations

from typing import Annotated, Literal

from worker.commands.command import Command, application
from worker.commands.options import (
    BLENDER,
    DOWNLOADS,
    MOST_THREADS,
    ONLY,
    WHAT,
    Blender,
    Children,
    Device,
    DownloadTimeout,
    Grace,
    ImportTimeout,
    LogLevel,
    MaxDownload,
    MaxFailureRate,
    MemoryLimit,
    MixVersions,
    ObjectTimeout,
    Output,
    Overrides,
    Preset,
    Rank,
    Retry,
    RootDepth,
    Scratch,
    Summary,
    Threads,
    ViewTimeout,
    WorldSize,
    argument,
    option,
    with_s3,
)
from worker.core.s3 import S3Options

EXAMPLES = """Examples:

  render-worker run models/ --output renders/ --preset objaverse-xl
  render-worker run models.csv --output s3://bucket/renders --set views=4
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
def run_command(
    index: Annotated[
        str,
        argument(
            "Index, list, folder of models, or one model; a path or a URL.",
            variable="INDEX",
            metavar="INDEX",
        ),
    ],
    output: Output,
    preset: Preset = "default",
    overrides: Overrides = None,
    only: Annotated[list[str] | None, option("--only", ONLY, WHAT, metavar="NAME")] = None,
    limit: Annotated[int | None, option("--limit", "Use at most N objects.", WHAT, min=1)] = None,
    render_new: Annotated[
        bool,
        option(
            "--render-new",
            "Also render models found in a repository but missing from the index.",
            WHAT,
        ),
    ] = False,
    device: Device = "auto",
    blender: Blender = "auto",
    children: Children = 0,
    threads: Threads = 0,
    recycle_after: Annotated[
        int,
        option(
            "--recycle-after",
            "Objects after which a Blender process is replaced.",
            BLENDER,
            min=1,
        ),
    ] = 200,
    object_timeout: ObjectTimeout = 300.0,
    import_timeout: ImportTimeout = 120.0,
    view_timeout: ViewTimeout = 120.0,
    memory_limit: MemoryLimit = 0,
    rank: Rank = None,
    world_size: WorldSize = None,
    retry: Retry = None,
    max_failure_rate: MaxFailureRate = 0.5,
    mix_versions: MixVersions = False,
    grace: Grace = 60.0,
    download_workers: Annotated[
        int, option("--download-workers", "Parallel downloads.", DOWNLOADS, min=1, max=MOST_THREADS)
    ] = 4,
    max_download: MaxDownload = 1024,
    root_depth: RootDepth = 0,
    download_timeout: DownloadTimeout = 600.0,
    keep_downloads: Annotated[
        str | None,
        option(
            "--keep-downloads",
            "Folder or s3://bucket/prefix to keep downloaded files in.",
            DOWNLOADS,
            metavar="URI",
        ),
    ] = None,
    keep_format: Annotated[
        Literal["zip", "tar", "tar.gz", "files"],
        option("--keep-format", "Format of kept downloads.", DOWNLOADS),
    ] = "zip",
    scratch: Scratch = None,
    *,
    s3: S3Options,
    summary: Summary = None,  # noqa: ARG001 - its callback stores it
    log_level: LogLevel = "info",
) -> None:
    """Render the objects of a list, one zip each.

    INDEX is a shard index, a list, a folder of models or one model. Several
    workers share its objects. To resume, run the same command again: finished
    objects are skipped.
    """
    from worker.commands.ending import end_with
    from worker.index.selection import Selection
    from worker.ledger import codes_to_retry
    from worker.run.command import RunOptions, run
    from worker.sources.base import FetchLimits
    from worker.supervisor.pool import PoolOptions
    from worker.supervisor.watchdog import Limits

    options = RunOptions(
        index=index,
        output=output,
        preset=preset,
        overrides=tuple(overrides or ()),
        rank=rank,
        world_size=world_size,
        only=Selection(tuple(only or ())),
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
