"""Each object begins in an empty scene that knows nothing of the one before."""

from __future__ import annotations

from pathlib import Path

from tests.integration.blender import inside
from tests.integration.blender.driver import REPOSITORY

CLEAN = Path(__file__).with_name("clean_scene.py")


def test_a_cleaned_scene_is_blenders_own_empty_one_also_without_temporary_files(blender):
    found = inside.found(blender, CLEAN, REPOSITORY)
    assert found["changed"]
    assert "scenes" in found["blocks"]
    assert found["as built in"] == [True] * 3
    assert found["file"] == ""
    assert found["scripts"] is False
