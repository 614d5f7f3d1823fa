"""One rank's part of a run or an export: how both start, stop and end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from worker.core.errors import ExitStatus
from worker.core.ranks import Rank, launcher_name, node_rank, resolve
from worker.core.s3 import S3Options
from worker.index.selection import Selection
from worker.run import termination_summary as summaries
from worker.run.outcome_counts import OutcomeCounts
from worker.run.shutdown import Stop

log = structlog.get_logger(__name__)


class SessionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options that runs and exports share."""

    rank: int | None = None
    world_size: int | None = None
    only: Selection = Selection()
    limit: int | None = None
    retry: frozenset[str] = frozenset()
    max_failure_rate: float = 0.5
    grace_s: float = 60.0
    scratch: Path | None = None
    mix_versions: bool = False
    """Continue an output begun by another version (major.minor) of Blender or of the worker."""
    s3: S3Options = S3Options()


class SessionResult(msgspec.Struct, frozen=True):
    """The counts, the exit status and the output's URI."""

    counts: OutcomeCounts
    status: ExitStatus
    output: str


Options = TypeVar("Options", bound=SessionOptions)


def run_session(
    work: Callable[[Options, Rank, Stop], tuple[OutcomeCounts, str]],
    options: Options,
    environment: Mapping[str, str],
) -> SessionResult:
    """Run `work` as this process's rank; it returns its counts and its output's URI.

    Raises: UsageError, and whatever `work` raises.
    """
    stop = Stop()
    stop.before_leaving(partial(summaries.write, ExitStatus.INTERRUPTED))
    with stop.on_signals(options.grace_s):
        rank = resolve(environment, options.rank, options.world_size)
        structlog.contextvars.bind_contextvars(rank=rank.rank)
        _announce(rank, environment)
        counts, output = work(options, rank, stop)
        status = counts.exit_status(options.max_failure_rate)
        log.info("done", status=int(status), **counts.summary())
    return SessionResult(counts, status, output)


def _announce(rank: Rank, environment: Mapping[str, str]) -> None:
    """Tell the rank: one of many that takes itself for the only one does all of their work."""
    words = f"rank {rank.rank} of {rank.world}"
    node = node_rank(environment)
    log.info(
        words if rank.world > 1 else f"{words}: all of the work",
        launcher=launcher_name(environment) or "none",
        **({} if node.size == 1 else {"rank_on_node": f"{node.rank} of {node.size}"}),
    )
