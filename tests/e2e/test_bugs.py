"""Exceptions that nobody foresaw: one is its object's outcome, many in a row end the run."""

from __future__ import annotations

import json

import pytest

from tests.command_line import log_lines, run_worker
from tests.e2e import crash
from worker.core import keys
from worker.core.failpoints import Failpoint
from worker.ledger import read_ledger
from worker.run.outcome_counts import BUGS_IN_A_ROW
from worker.stores import open_store


def raising(point: Failpoint, times: str) -> str:
    """Python for a worker to run first: a bug at `point`, at the visits for which `times` holds."""
    return (
        "import itertools; from worker.core import failpoints; n = itertools.count(1); "
        f"failpoints.install(lambda at: at == {str(point)!r} and {times} and [][at])"
    )


def failures(output):
    read = read_ledger(open_store(str(output)), keys.shard_name(0)).values()
    return [line for line in read if line.outcome == "failed"]


@pytest.mark.parametrize("point", ["fetch-after", "render-before", "pack-before", "publish-before"])
def test_one_objects_bug_is_its_outcome(point, tmp_path):
    models, output = crash.cubes(tmp_path / "models", 3), tmp_path / "out"
    arguments = ("run", models, "--output", output, *crash.TINY)
    done = run_worker(*arguments, first=raising(Failpoint(point), "next(n) == 2"))
    (failed,) = failures(output)
    assert (failed.code, failed.step) == ("internal", point.partition("-")[0])
    assert failed.message.startswith("TypeError in worker/core/failpoints.py:")
    assert "report it" in failed.message
    assert str(tmp_path) not in failed.message
    (logged,) = [line for line in log_lines(done) if line["event"] == "a bug in the worker"]
    assert "Traceback" in logged["exception"]
    run_worker(*arguments)  # it is tried again
    assert failures(output) == []


def test_many_bugs_in_a_row_end_the_run(tmp_path):
    count = 3 * BUGS_IN_A_ROW
    models, output = crash.cubes(tmp_path / "models", count), tmp_path / "out"
    summary = tmp_path / "summary.json"
    arguments = ("run", models, "--output", output, "--summary", summary, *crash.TINY)
    done = run_worker(*arguments, check=70, first=raising(Failpoint.FETCH_BEFORE, "True"))
    assert BUGS_IN_A_ROW <= len(failures(output)) < count
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"render-worker: {BUGS_IN_A_ROW} objects met a bug in the worker")
    told = json.loads(summary.read_bytes())
    assert (told["status"], told["codes"]) == (70, {"internal": len(failures(output))})
    assert said.endswith(told["error"])
