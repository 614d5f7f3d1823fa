"""A rig's lights stand where they are said to, whatever the object's own size and place."""

import base64
import json

import numpy as np
import pytest

from worker.blender.views.lights import RIGS, STUDIO_GREY
from worker.blender.views.studio import BOXES

CORNERS = [(x, y, z) for x in (-0.5, 0.5) for y in (-0.4, 0.4) for z in (-0.3, 0.3)]
FACES = "f 1 2 4 3\nf 5 7 8 6\nf 1 5 6 2\nf 3 4 8 7\nf 1 3 7 5\nf 2 6 8 4\n"
TOP = {"camera": {"layout": "fixed", "fixed": [[0.0, -0.01, 3.0]]}, "views": 1, "samples": 64}


SMOOTH = "Ns 400"
"""A roughness of 1/3."""


def block(path, scale=1.0, shift=0.0, material=SMOOTH):
    lines = [f"v {x * scale + shift} {z * scale} {-y * scale}" for x, y, z in CORNERS]
    if material:
        path.with_suffix(".mtl").write_text(f"newmtl m\nKd .6 .6 .6\nKs .5 .5 .5\n{material}\n")
        lines = [f"mtllib {path.stem}.mtl", *lines, "usemtl m"]
    path.write_text("\n".join(lines) + "\n" + FACES)
    return path


@pytest.mark.parametrize("rig", sorted(set(RIGS) - {"own", "none", "environment"}))
def test_neither_size_nor_place_changes_the_light(studio, tmp_path, rig):
    models = (
        block(tmp_path / "block.obj"),
        block(tmp_path / "far.obj", 20.0, 300.0),
        block(tmp_path / "large.obj", 50.0),
        block(tmp_path / "small.obj", 0.02),
        # Those above are left as they are; float32 cannot hold the next two, which are moved.
        block(tmp_path / "tiny.obj", 1e-4),
        block(tmp_path / "away.obj", 1.0, 300.0),
    )
    lit = [studio.shoot(model, lights={"rig": rig}, **TOP).raw(0) for model in models]
    solid = lit[0][..., 3] == 1.0
    assert solid.sum() > 200
    assert lit[0][solid][:, :3].mean() > 0.01
    for other in lit[1:]:
        assert np.abs(other[solid] - lit[0][solid]).mean() < 0.02 * lit[0][solid][:, :3].mean()


def sheet(path, metal, rough):
    """A horizontal sheet of 1 x 1, as glTF."""
    corners = np.float32([(-0.5, 0, 0.5), (0.5, 0, 0.5), (0.5, 0, -0.5), (-0.5, 0, -0.5)])
    data = corners.tobytes() + np.uint16([0, 1, 2, 0, 2, 3]).tobytes()
    encoded = base64.b64encode(data).decode()
    view = {"buffer": 0, "byteOffset": 0}
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [
            {"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]},
        ],
        "materials": [
            {"pbrMetallicRoughness": {"metallicFactor": metal, "roughnessFactor": rough}},
        ],
        "accessors": [
            {
                "bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3",
                "min": [-0.5, 0, -0.5], "max": [0.5, 0, 0.5],
            },
            {"bufferView": 1, "componentType": 5123, "count": 6, "type": "SCALAR"},
        ],
        "bufferViews": [
            {**view, "byteLength": 48}, {**view, "byteOffset": 48, "byteLength": 12},
        ],
        "buffers": [
            {"uri": f"data:application/octet-stream;base64,{encoded}", "byteLength": len(data)},
        ],
    }  # fmt: skip
    path.write_text(json.dumps(document))
    return path


def from_direction(azimuth, elevation, distance=3.0):
    turn, rise = np.radians([azimuth, elevation])
    level = np.cos(rise) * distance
    place = (level * np.cos(turn), level * np.sin(turn), np.sin(rise) * distance)
    return [float(value) for value in place]


def test_metal_reflects_the_soft_boxes_and_matt_surfaces_do_not(studio, tmp_path):
    """A level mirror shows what lies opposite: the first box, and a place without one."""
    azimuth, elevation, _ = BOXES[0]
    places = [from_direction(azimuth + 180, elevation), from_direction(azimuth + 5, elevation)]
    camera = {"camera": {"layout": "fixed", "fixed": places}, "views": 2, "samples": 64}
    for name, metal, rough, least, most in (("metal", 1.0, 0.05, 2.0, 2.6), ("matt", 0, 1, 1, 1)):
        model = sheet(tmp_path / f"{name}.gltf", metal, rough)
        shot = studio.shoot(model, lights={"rig": "studio"}, **camera)
        assert shot.rendered.answer.runtime["lights"] == "studio"
        means = []
        for view in range(2):
            colour = shot.raw(view)
            means.append(colour[colour[..., 3] > 0.999][:, :3].mean())
        assert least - 0.1 < means[0] / means[1] < most + 0.1, name


def test_the_studio_leaves_no_side_in_the_dark(studio, tmp_path):
    """Each side of a matt block faces one of two suns, at 60 or 45 degrees."""
    around = [(3, 0, 0.01), (-3, 0, 0.01), (0, 3, 0.01), (0, -3, 0.01), (0, 0.01, 3), (0, 0.01, -3)]
    places = [list(map(float, place)) for place in around]
    camera = {"camera": {"layout": "fixed", "fixed": places}, "views": 6, "samples": 64}
    model = block(tmp_path / "block.obj", material="Ns 1")
    shot = studio.shoot(model, lights={"rig": "studio"}, **camera)
    least, most = (
        0.6 * (STUDIO_GREY + energy * cosine / np.pi) for energy, cosine in ((2, 0.5), (5, 0.71))
    )
    for view in range(6):
        colour = shot.raw(view)
        mean = colour[colour[..., 3] > 0.999][:, :3].mean()
        assert 0.9 * least < mean < 1.1 * most, around[view]
