"""Random scenes: what is seen spans what was asked for, and what was measured is what there is.

Units from 1e-7 to 1e7, places hundreds of lengths away, parents of uneven and negative size,
instances, modifiers, frames, and what nobody sees; see tests/truth/random_scenes.py.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.truth import RANDOM_SCENES
from tests.truth.look import Look

SIDE, SCALE = 160, 1.2
"""Pixels of a frame's side, and the length that it shows."""
PIXEL = SCALE / SIDE
AXES = [[3, 0, 0], [-3, 0, 0], [0, 3, 0], [0, -3, 0], [0, 0, 3], [0, 0, -3]]
KEYS = {
    "views": len(AXES), "resolution": SIDE, "samples": 1, "images": ["depth-npy"],
    "records": ["cameras"],
    "camera": {
        "layout": "fixed", "fixed": AXES, "projection": "orthographic", "ortho_scale": SCALE,
        "distance": "drawn",
    },
}  # fmt: skip


@pytest.mark.parametrize("number", range(RANDOM_SCENES))
def test_what_is_seen_spans_what_was_asked_for(studio, number):
    model = studio.folder / f"scenes/{number}.blend"
    told = json.loads(model.with_suffix(".json").read_text())
    low, high = np.array(told["low"]), np.array(told["high"])
    side = (high - low).max()
    shot = studio.shoot(model, **KEYS)
    box = shot.facts["scene_size"]
    assert np.array(box["bbox_min"]) == pytest.approx(low, abs=1e-3 * side), told["parts"]
    assert np.array(box["bbox_max"]) == pytest.approx(high, abs=1e-3 * side), told["parts"]
    half = (high - low) / 2 / side
    seen_low, seen_high = Look(shot.members).box()
    for seen, wanted in ((-seen_low, half), (seen_high, half)):
        assert (seen < wanted + 2e-3).all(), (told["parts"], seen, wanted)
        assert (seen > wanted - 2 * PIXEL).all(), (told["parts"], seen, wanted)
