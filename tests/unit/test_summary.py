"""A termination message holds 4 KB, whatever happened."""

from __future__ import annotations

import json

from worker.errors import ExitStatus, StoreError
from worker.report.summary import LIMIT, encode
from worker.tally import Tally


def test_a_long_error_is_cut_to_fit():
    body = encode(ExitStatus.UNAVAILABLE, error=StoreError("né" * 10_000))
    assert len(body) <= LIMIT
    said = json.loads(body)
    assert said["status"] == 69
    assert said["meaning"] == "unavailable"
    assert said["error"].startswith("néné")


def test_counts_are_there():
    said = json.loads(encode(ExitStatus.DONE, tally=Tally()))
    assert said["rendered"] == said["failed"] == 0
