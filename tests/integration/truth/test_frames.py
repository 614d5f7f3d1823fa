"""What an animation hides at the frame that is rendered is not measured there, and the reverse."""

from __future__ import annotations

import numpy as np
import pytest

from tests import blenders
from tests.blenders import REPOSITORY
from tests.truth.look import RECIPE, Look

SCRIPT = REPOSITORY / "tests/truth/blend_at_frames.py"
KEYS = {key: value for key, value in RECIPE.items() if key not in {"extends", "name"}}
NAMES = [
    "hidden", "hidden-by-driver", "hidden-in-viewport", "hidden-by-collection", "modifier-hidden",
]  # fmt: skip


@pytest.fixture(scope="session")
def scenes(studio):
    folder = studio.folder / "at-frames"
    folder.mkdir()
    blenders.make(studio.blender, SCRIPT, folder)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_frame_shows_two_cubes(studio, scenes, name):
    shot = studio.shoot(scenes / f"{name}.blend", **KEYS, subject={"pose": "frame", "frame": 1})
    low, high = Look(shot.members).box()
    assert high - low == pytest.approx(np.array([1, 1 / 3, 1 / 3]), abs=2e-3)
    assert (high + low) / 2 == pytest.approx(np.zeros(3), abs=2e-3)
