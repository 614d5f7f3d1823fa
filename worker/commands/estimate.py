"""`render-worker estimate`: what a run of a list will take, from a sample of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from worker.commands.command import Command, application
from worker.commands.list_options import with_rules
from worker.commands.options import (
    WHAT,
    AsJson,
    Blender,
    Downloads,
    DownloadWorkers,
    Grace,
    Index,
    LogLevel,
    MaxFailureRate,
    Overrides,
    Preset,
    Scratch,
    option,
    with_fetch,
    with_pool,
    with_s3,
)
from worker.core.s3 import S3Options

EXAMPLES = """Examples:

  render-worker estimate models/ --preset objaverse-xl
  render-worker estimate models.csv --sample 200 --output sample/ --json
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
@with_pool
@with_fetch
@with_rules
def estimate_command(
    index: Index,
    sample: Annotated[
        int, option("--sample", "Objects to render, drawn at random.", WHAT, min=1)
    ] = 50,
    output: Annotated[
        str | None,
        option(
            "--output",
            "Keep the sample's zips here: folder or s3://bucket/prefix.",
            WHAT,
            metavar="URI",
        ),
    ] = None,
    preset: Preset = "default",
    overrides: Overrides = None,
    as_json: AsJson = False,
    *,
    pool: Any,
    blender: Blender = "auto",
    max_failure_rate: MaxFailureRate = 0.5,
    grace: Grace = 60.0,
    download_workers: DownloadWorkers = 4,
    fetch: Any,
    rules: Any,
    downloads: Downloads = None,
    scratch: Scratch = None,
    s3: S3Options,
    log_level: LogLevel = "info",
) -> None:
    """Estimate what a run takes, from a sample of its list.

    Renders the sample, which is random and the same every time. The estimate
    is of one worker like this one; divide its hours by the number of workers.
    """
    import json
    import sys

    import msgspec
    from rich.console import Console

    from worker.core import logging
    from worker.report import estimate_page
    from worker.report.sampling import estimate
    from worker.run.command import RunOptions

    logging.configure("warning" if sys.stderr.isatty() and log_level == "info" else log_level)
    options = RunOptions(
        index=index,
        output=output or "",
        preset=preset,
        overrides=tuple(overrides or ()),
        rank=0,
        world_size=1,
        max_failure_rate=max_failure_rate,
        blender=blender,
        pool=pool,
        fetch=fetch,
        rules=rules,
        downloads=downloads,
        download_workers=download_workers,
        scratch=scratch,
        grace_s=grace,
        s3=s3,
    )
    found, status = estimate(options, sample, output)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        Console().print(estimate_page.render(found))
    raise typer.Exit(status)
