"""What is visible is measured alike whether its points are kept or Blender is asked again."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.blender.driver import REPOSITORY
from tests.patience import HANG_S

MEASURE = Path(__file__).with_name("measure_extent.py")


@pytest.fixture
def found(blender):
    start = [sys.executable] if blender == "wheel" else ["blender", "-b", "--python"]
    done = subprocess.run(
        [*start, MEASURE, *["--"] * (blender == "debian"), REPOSITORY],
        check=True,
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    return json.loads(lines[0].removeprefix("FOUND "))


def test_all_frames_and_instances_count_in_every_way(found):
    kept = found["kept"]
    assert kept["bounds"] == [[-1.0, -1.0, -3.5], [5.0, 1.0, 6.5]]
    assert kept["support"] == pytest.approx([5.0, 1.0, 0.6 * 5 + 0.8, 13.0])
    assert kept["reach"] == pytest.approx(math.dist((2, 0, 0), (-0.5, 0.5, 6.5)))

    assert found["asked"] == found["in parts"] == kept
