"""A termination message holds 4 KB, whatever happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from worker.core.errors import ExitStatus, StoreError
from worker.run.outcome_counts import OutcomeCounts
from worker.run.termination_summary import LIMIT, encode

ROOT = Path(__file__).parents[2]


def test_a_long_error_is_cut_to_fit():
    body = encode(ExitStatus.UNAVAILABLE, error=StoreError("né" * 10_000))
    assert len(body) <= LIMIT
    said = json.loads(body)
    assert said["status"] == 69
    assert said["meaning"] == "unavailable"
    assert said["error"].startswith("néné")


def test_a_path_that_is_no_text_is_told_all_the_same():
    said = json.loads(encode(ExitStatus.CONFIGURATION, error="no models\udcff here"))
    assert said["error"] == "no models\\udcff here"


def test_counts_are_there():
    said = json.loads(encode(ExitStatus.DONE, counts=OutcomeCounts()))
    assert said["rendered"] == said["failed"] == 0


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["run", "--output", "out"], 64, "INDEX"),
        (["run", "list.txt", "--output", "out", "--grace", "soon"], 64, "--grace"),
        (["run", "list.txt", "--output", "out", "--retry", "nonsense"], 64, "nonsense"),
        (["run", "no-such-list.txt", "--output", "out"], 78, "no-such-list.txt"),
    ],
)
def test_whatever_ends_a_run_is_told(tmp_path, arguments, status, word):
    done = subprocess.run(
        [sys.executable, "-m", "worker", *arguments, "--summary", tmp_path / "said"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
    )
    said = json.loads((tmp_path / "said").read_bytes())
    assert done.returncode == said["status"] == status
    assert word in said["error"]
    assert said["error"] in done.stderr.decode()
