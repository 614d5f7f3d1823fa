"""What is visible is measured alike whether its points are kept or Blender is asked again."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.integration.blender import inside
from tests.integration.blender.driver import REPOSITORY

MEASURE = Path(__file__).with_name("measure_extent.py")


@pytest.fixture
def found(blender):
    return inside.found(blender, MEASURE, REPOSITORY)


def test_all_frames_and_instances_count_in_every_way(found):
    kept = found["kept"]
    assert kept["bounds"] == [[-1.0, -1.0, -3.5], [5.0, 1.0, 6.5]]
    assert kept["support"] == pytest.approx([5.0, 1.0, 0.6 * 5 + 0.8, 13.0])
    assert kept["reach"] == pytest.approx(math.dist((2, 0, 0), (-0.5, 0.5, 6.5)))

    assert found["asked"] == found["in parts"] == kept
