"""`render-worker fetch`: download this rank's objects, for runs on nodes without internet."""

from __future__ import annotations

from typing import Annotated, Any

from worker.commands.command import Command, application
from worker.commands.list_options import with_rules
from worker.commands.options import (
    WHAT,
    DownloadWorkers,
    Grace,
    Index,
    Limit,
    LogLevel,
    MaxFailureRate,
    MixVersions,
    Only,
    Rank,
    Retry,
    Scratch,
    Summary,
    WorldSize,
    option,
    with_fetch,
    with_s3,
)
from worker.core.s3 import S3Options

EXAMPLES = """Examples:

  render-worker fetch models.csv --to downloads/
  render-worker run models.csv --downloads downloads/ --output renders/
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
@with_fetch
@with_rules
def fetch_command(
    index: Index,
    to: Annotated[
        str,
        option("--to", "Folder or s3://bucket/prefix of the downloads.", WHAT, metavar="URI"),
    ],
    only: Only = None,
    limit: Limit = None,
    rank: Rank = None,
    world_size: WorldSize = None,
    retry: Retry = None,
    max_failure_rate: MaxFailureRate = 0.5,
    mix_versions: MixVersions = False,
    grace: Grace = 60.0,
    download_workers: DownloadWorkers = 4,
    *,
    fetch: Any,
    rules: Any,
    scratch: Scratch = None,
    s3: S3Options,
    summary: Summary = None,  # noqa: ARG001 - its callback stores it
    log_level: LogLevel = "info",
) -> None:
    """Download the objects of a list, for runs without internet.

    A run of the same INDEX with --downloads reads them there, and nothing
    from a network. To resume, run the same command again.
    """
    from worker.commands.ending import end_with
    from worker.index.selection import Selection
    from worker.ledger import codes_to_retry
    from worker.run.fetch import FetchOptions, run

    options = FetchOptions(
        index=index,
        to=to,
        rank=rank,
        world_size=world_size,
        only=Selection(tuple(only or ())),
        limit=limit,
        retry=codes_to_retry(retry or ()),
        max_failure_rate=max_failure_rate,
        mix_versions=mix_versions,
        fetch=fetch,
        rules=rules,
        download_workers=download_workers,
        scratch=scratch,
        grace_s=grace,
        s3=s3,
    )
    end_with(lambda: run(options), log_level)
