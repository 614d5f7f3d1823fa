"""`render-worker run`: render this rank's objects."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from worker.commands.command import Command, application
from worker.commands.list_options import with_rules
from worker.commands.metrics_options import with_metrics
from worker.commands.options import (
    DOWNLOADS,
    WHAT,
    Blender,
    Downloads,
    DownloadWorkers,
    Grace,
    Index,
    Limit,
    LogLevel,
    MaxFailureRate,
    MixVersions,
    Only,
    Output,
    Overrides,
    Preset,
    Rank,
    Retry,
    Scratch,
    Summary,
    WorldSize,
    option,
    with_fetch,
    with_pool,
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
@with_pool
@with_fetch
@with_rules
@with_metrics
def run_command(
    index: Index,
    output: Output,
    preset: Preset = "default",
    overrides: Overrides = None,
    only: Only = None,
    limit: Limit = None,
    render_new: Annotated[
        bool,
        option(
            "--render-new",
            "Also render models found in a repository but missing from the index.",
            WHAT,
        ),
    ] = False,
    *,
    pool: Any,
    blender: Blender = "auto",
    rank: Rank = None,
    world_size: WorldSize = None,
    retry: Retry = None,
    max_failure_rate: MaxFailureRate = 0.5,
    mix_versions: MixVersions = False,
    grace: Grace = 60.0,
    download_workers: DownloadWorkers = 4,
    fetch: Any,
    rules: Any,
    downloads: Downloads = None,
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
    layout_prefix: Annotated[
        int | None,
        option(
            "--layout-prefix",
            "Put zips into folders named after so many first characters of their uids; "
            "default: as the output has it, or 0 for one folder.",
            WHAT,
            min=0,
            max=4,
        ),
    ] = None,
    scratch: Scratch = None,
    s3: S3Options,
    summary: Summary = None,  # noqa: ARG001 - its callback stores it
    log_level: LogLevel = "info",
    metrics: Any,
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
        pool=pool,
        fetch=fetch,
        rules=rules,
        download_workers=download_workers,
        downloads=downloads,
        keep_downloads=keep_downloads,
        keep_format=keep_format,
        layout_prefix=layout_prefix,
        scratch=scratch,
        grace_s=grace,
        s3=s3,
        metrics=metrics,
    )
    end_with(lambda: run(options), log_level)
