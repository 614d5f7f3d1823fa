"""The files of several workers of a node, as a real node_exporter reads them."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack

import pytest

from tests.patience import HANG_S, until
from tests.tools import ports, prometheus
from worker.core.ranks import Rank
from worker.run.metrics.options import MetricsOptions
from worker.run.metrics.publishing import publishing
from worker.run.progress import LogObserver

PROGRAM = "prometheus-node-exporter"


@pytest.fixture
def node_exporter(tmp_path):
    """What node_exporter says, of the *.prom in tmp_path/textfile."""
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"no {PROGRAM} on this machine: Debian's package of that name")
    (tmp_path / "textfile").mkdir()
    (port,) = ports.free(1)
    process = subprocess.Popen(
        [PROGRAM, "--collector.disable-defaults", "--collector.textfile",
         f"--collector.textfile.directory={tmp_path / 'textfile'}",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: ports.answers(port), while_runs=process)
        yield lambda: prometheus.get(f"http://127.0.0.1:{port}/metrics").decode()
    finally:
        process.terminate()
        process.wait(HANG_S)


def test_ranks_and_outputs_on_one_node_are_read_together(node_exporter, tmp_path):
    with ExitStack() as stack:
        for output in ("one", "two"):
            options = MetricsOptions(file=tmp_path / "textfile" / f"{output}-{{rank}}.prom")
            for rank in (0, 1):
                metrics = stack.enter_context(publishing(options, Rank(rank, 2), output))
                metrics.observing(LogObserver(), 10 + rank)
    said = node_exporter()
    assert "node_textfile_scrape_error 0" in said
    for output in ("one", "two"):
        for rank in (0, 1):
            series = f'render_worker_rank_objects{{output="{output}",rank="{rank}"}} {10 + rank}'
            assert series in said
            assert f"textfile/{output}-{rank}.prom" in said  # its node_textfile_mtime_seconds
