"""The options of a run's metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from worker.commands.options import LOGGING, adds, option
from worker.core.locations import local_path


def _metrics_options(
    metrics_port: Annotated[
        str | None,
        option(
            "--metrics-port", "Serve metrics for Prometheus; HOST is 127.0.0.1 by default.",
            LOGGING, metavar="[HOST:]PORT",
        ),
    ] = None,
    metrics_file: Annotated[
        Path | None,
        option(
            "--metrics-file", "Write metrics for node_exporter's textfile collector.", LOGGING,
            parser=local_path, metavar="PATH",
        ),
    ] = None,
) -> Any:  # fmt: skip
    from worker.run.metrics.options import Address, MetricsOptions

    address = None if metrics_port is None else Address.of(metrics_port)
    return MetricsOptions(address=address, file=metrics_file)


with_metrics = adds("metrics", _metrics_options)
"""Adds these options to a command, which receives them as its keyword `metrics`."""
