"""A, B, A in one child: nothing of one object is left for the next, in any file of the zip."""

import pytest

RECIPE = {
    "images": [
        "colour", "colour-exr", "depth", "depth-exr", "depth-npy", "normal", "normal-16",
        "normal-exr", "albedo", "alpha", "metallic", "roughness", "mask", "index-object",
        "index-material", "position-exr",
    ],
    "records": ["cameras", "npy-3x4", "gpt4point", "transforms", "nsvf", "zeronvs"],
    "resolution": 32,
    "samples": 4,
}  # fmt: skip
BETWEEN = [
    ("furnished.blend", {"lights": {"rig": "own"}}),
    ("armature.fbx", {"subject": {"pose": "frame", "frame": 11}}),
    ("instances.blend", {"colour": {"view_transform": "filmic", "exposure": 2.0}}),
    ("pane.glb", {"camera": {"projection": "orthographic"}, "cycles": {"filter_width": 3.0}}),
    ("knot.ply", {"subject": {"one_colour": ["ply"], "normalise": "unit-sphere"}}),
    ("metaballs.blend", {"lights": {"rig": "uniform"}, "cycles": {"denoise": True}}),
]


@pytest.mark.parametrize("name", ["crate.obj", "vertex_colours.glb", "moving.blend"])
def test_a_b_a(studio, name):
    first = studio.shoot(name, **RECIPE).members
    (child,) = studio.pool.children
    for between, keys in BETWEEN:
        studio.shoot(between, again=True, **{**RECIPE, "views": 1, **keys})
        again = studio.shoot(name, again=True, **RECIPE).members
        assert again.keys() == first.keys()
        assert [key for key in first if again[key] != first[key]] == [], f"after {between}"
    assert studio.pool.children == [child], "it was not one child"
