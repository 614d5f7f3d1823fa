"""A saved scene has nothing behind the paths in it."""

from pathlib import Path

import pytest

from tests.integration.blender import inside
from tests.integration.blender.driver import REPOSITORY

SAVE = Path(__file__).with_name("save_paths.py")


@pytest.mark.parametrize("options", [[], ["--as-it-is"]])
def test_the_end_of_a_longer_path_is_overwritten(blender, tmp_path, options):
    scene = tmp_path / "scene.blend"
    inside.run(blender, SAVE, *options, REPOSITORY, scene)
    saved = scene.read_bytes()
    assert (b"//other.png" in saved) == (not options)
    assert (b"secret/" in saved) == bool(options)  # Blender alone saves it
