"""A costly modifier is evaluated once, at the rendered level, and the picture stays the same."""

from pathlib import Path

from tests.integration.blender import inside
from tests.integration.blender.driver import REPOSITORY

MEASURE = Path(__file__).with_name("measure_modifiers.py")


def test_an_applied_subdivision_looks_as_it_did(blender, tmp_path):
    found = inside.found(blender, MEASURE, REPOSITORY, tmp_path)
    assert found["brightness"] > 0.05
    assert found["difference"] == 0.0
    assert found["modifiers"] == 0
    assert found["meshes"] == 1
    assert found["faces"] > 10_000  # 1,000 in the cage, mirrored, of two levels
    assert found["same_box"]
