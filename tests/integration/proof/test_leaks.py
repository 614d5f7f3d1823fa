"""A, B, A in one child: nothing of one object is left for the next, in any file of the zip."""

import pytest

from worker.core.errors import Empty, ImportFailed, ObjectError, Unsupported

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


FAILING: dict[str, tuple[bytes, type[ObjectError]]] = {
    "nothing.obj": (b"v 0 0 0\nv 1 0 0\nl 1 2\n", Empty),
    "flat.obj": (b"v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n", Empty),
    "truncated.glb": (b"glTF\2\0\0\0\xff\xff\0\0", ImportFailed),
    "broken.gltf": (b"{", ImportFailed),
    "pointer.fbx": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", ImportFailed),
    "no.blend": (b"BLENDER?", ImportFailed),
    "extension.gltf": (
        b'{"asset": {"version": "2.0"}, "extensionsRequired": ["VENDOR_secret"]}', Unsupported,
    ),
}  # fmt: skip


def test_objects_that_fail_leave_nothing_and_cost_no_child(studio):
    first = studio.shoot("crate.obj", **RECIPE).members
    (child,) = studio.pool.children
    folder = studio.folder / "failing"  # a folder elsewhere would cost a child itself
    folder.mkdir(exist_ok=True)
    for name, (data, error) in FAILING.items():
        (folder / name).write_bytes(data)
        with pytest.raises(error):
            studio.shoot(folder / name, again=True, **RECIPE)
        again = studio.shoot("crate.obj", again=True, **RECIPE).members
        assert [key for key in first if again[key] != first[key]] == [], f"after {name}"
        assert studio.pool.children == [child], f"{name} cost a child"
