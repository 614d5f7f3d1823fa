"""A child and its worker do not grow with the objects they render."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import HANG_S

ROOT = Path(__file__).parents[3]
OBJECTS = 200
SETTLED = 20


def program(*arguments: object) -> str:
    """What a module of this checkout prints."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=2 * HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_hundred_objects_leave_child_and_worker_as_they_were(tmp_path, record_property):
    program("tests.sample_models", tmp_path / "samples")
    # In a process of its own: the tests' has threads and files of other tests, that come and go.
    told = program("tests.integration.render.growing", tmp_path, OBJECTS, SETTLED)
    held = json.loads(told.splitlines()[-1])
    assert held["children"] == 1, "one child rendered them all"
    for name, before in held[str(SETTLED)].items():
        after = held[str(OBJECTS)][name]
        grown = (after["resident"] - before["resident"]) / (OBJECTS - SETTLED)
        record_property(f"{name}: bytes an object", round(grown))
        assert grown < 1 << 20
        assert after["descriptors"] == before["descriptors"]
        assert after["threads"] == before["threads"]
