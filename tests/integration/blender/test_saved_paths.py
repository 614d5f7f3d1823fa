"""A saved scene has nothing behind the paths in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.blender.driver import REPOSITORY
from tests.patience import HANG_S

SAVE = Path(__file__).with_name("save_paths.py")


@pytest.mark.parametrize("options", [[], ["--as-it-is"]])
def test_the_end_of_a_longer_path_is_overwritten(blender, tmp_path, options):
    start = [sys.executable] if blender == "wheel" else ["blender", "-b", "--python"]
    scene = tmp_path / "scene.blend"
    subprocess.run(
        [*start, SAVE, *["--"] * (blender == "debian"), *options, REPOSITORY, scene],
        check=True,
        capture_output=True,
        timeout=HANG_S,
    )
    saved = scene.read_bytes()
    assert (b"//other.png" in saved) == (not options)
    assert (b"secret/" in saved) == bool(options)  # Blender alone saves it
