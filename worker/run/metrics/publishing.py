"""Gives a run's metrics away: over HTTP, and in a file for node_exporter's textfile collector."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from worker.core.errors import UsageError
from worker.core.ranks import Rank
from worker.run.metrics.options import Address, MetricsOptions
from worker.run.progress import Observer
from worker.supervisor.pool import Pool

if TYPE_CHECKING:  # prometheus_client is loaded by runs with metrics alone
    from worker.run.metrics.run_metrics import RunMetrics

EVERY_S: Final = 15.0
"""Seconds between two versions of the file."""
SUFFIX: Final = ".prom"

log = structlog.get_logger(__name__)


class Metrics(Protocol):
    """What a run tells its metrics."""

    def observing(self, observer: Observer, total: int) -> Observer:
        """An observer that counts, and tells `observer`. `total`: objects of this rank."""
        ...

    def watch(self, pool: Pool, waiting: Callable[[], Mapping[str, int]]) -> None:
        """Also give numbers of the open `pool`, and of the queues: `waiting` by step."""
        ...


class NoMetrics:
    """Of a run that nobody asked for metrics: costs nothing."""

    def observing(self, observer: Observer, total: int) -> Observer:  # noqa: ARG002
        """The same observer."""
        return observer

    def watch(self, pool: Pool, waiting: Callable[[], Mapping[str, int]]) -> None:
        """Watch nothing."""


@contextmanager
def publishing(options: MetricsOptions, rank: Rank, output: str) -> Iterator[Metrics]:
    """Publish the metrics of a run to `output` while the context lasts, if asked to.

    Raises: UsageError, if the port or the file cannot be had.
    """
    if not options.wanted:
        yield NoMetrics()
        return
    from worker.run.metrics.run_metrics import RunMetrics

    metrics = RunMetrics(rank, output)
    with ExitStack() as stack:
        if (path := options.file_of(rank.rank)) is not None:
            stack.enter_context(_written(metrics, path))
        if options.address is not None:
            stack.enter_context(_served(metrics, options.address))
        stack.callback(metrics.end)
        yield metrics


@contextmanager
def _served(metrics: RunMetrics, address: Address) -> Iterator[None]:
    """Serve http://HOST:PORT/metrics. Raises: UsageError."""
    from worker.run.metrics.endpoint import served

    with ExitStack() as stack:
        try:
            url = stack.enter_context(served(metrics.registry, address))
        except OSError as error:
            raise UsageError(
                f"--metrics-port: cannot listen on {address.host}, port {address.port}: "
                f"{error.strerror or error}; give each worker of a node a port of its own, or 0 "
                "for any free one, or use --metrics-file"
            ) from error
        log.info("metrics", url=url)
        yield


@contextmanager
def _written(metrics: RunMetrics, path: Path) -> Iterator[None]:
    """Write the file `path` now, every EVERY_S seconds, and at the end. Raises: UsageError."""
    from prometheus_client import write_to_textfile

    def write() -> str:
        """Write beside the file and rename; returns why that failed, or ""."""
        try:
            write_to_textfile(str(path), metrics.registry)
        except OSError as error:
            return error.strerror or str(error)
        return ""

    if path.suffix != SUFFIX:
        log.warning("node_exporter reads no such file", metrics_file=str(path), wanted=f"*{SUFFIX}")
    if reason := write():
        raise UsageError(f"--metrics-file: cannot write {path}: {reason}")
    over = threading.Event()

    def keep_writing() -> None:
        before = ""
        while not over.wait(EVERY_S):
            reason = write()
            if reason and reason != before:
                log.warning("metrics not written", path=str(path), reason=reason)
            before = reason

    thread = threading.Thread(target=keep_writing, name="metrics-file", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if reason := write():
            log.warning("metrics not written", path=str(path), reason=reason)
