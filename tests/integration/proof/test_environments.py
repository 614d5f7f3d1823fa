"""A folder of environment pictures: each object is lit by the one that its metadata names."""

from __future__ import annotations

import json

import numpy as np
import OpenEXR

COLOURS = {"a/red.exr": 0, "green.exr": 1, "z.EXR": 2}


def test_each_object_is_lit_by_the_picture_it_draws(studio, tmp_path):
    folder = tmp_path / "skies"
    for name, channel in COLOURS.items():
        pixels = np.zeros((8, 16, 3), np.float32)
        pixels[..., channel] = 1.0
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        with OpenEXR.File(header, {"RGB": pixels}) as file:
            file.write(str(path))
    (folder / "notes.txt").write_text("no picture")
    lights = {"rig": "environment", "environments": str(folder)}
    drawn = []
    for seed in range(10):
        shot = studio.shoot("cube.glb", views=1, resolution=16, seed=seed, lights=lights)
        about = json.loads(shot.members["metadata.json"])["render_worker"]["runtime"]
        drawn.append(about["environment"])
        shown = shot.raw(0)[..., :3].max(axis=(0, 1)) > 1e-3
        assert np.flatnonzero(shown).tolist() == [COLOURS[about["environment"]]]
    assert set(drawn) == set(COLOURS)
    again = studio.shoot("cube.glb", again=True, views=1, resolution=16, seed=3, lights=lights)
    assert again.rendered.answer.runtime["environment"] == drawn[3]
    plain = studio.shoot("cube.glb", views=1, resolution=16, lights={"rig": "uniform"})
    assert "environment" not in plain.rendered.answer.runtime
