"""Every format there is a sample of, and the ways an object fails without ending the child."""

import json

import numpy as np
import pytest

from tests.integration.blender.driver import small
from tests.integration.blender.pictures import views_of
from worker.contract.mesh_keys import ARRAYS

NAMES = [
    "pawn.glb", "rocket.glb", "crate.obj", "monkey.fbx", "gear.stl", "knot.ply", "mushroom.gltf",
]  # fmt: skip
COUNTS = {
    "animation_count", "armature_count", "edge_count", "found_files", "lamp_count",
    "linked_files", "made_opaque", "material_count", "mesh_count", "missing_files",
    "missing_textures", "object_count", "placement", "poly_count", "random_color", "scene_size",
    "shape_key_count", "undecodable_files", "vert_count",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_seen_whole(child, samples, tmp_path, name):
    answer = child.render(samples / name, tmp_path, small())
    for view in views_of(answer, tmp_path):
        alpha = view[..., 3]
        assert 0.02 < alpha.mean() < 0.9
        assert alpha.max() == 1.0
        assert view[..., :3].max() > 0.05
    assert set(answer["scene"]) == COUNTS
    assert answer["scene"]["missing_textures"]["count"] == 0
    assert answer["runtime"]["lacking"] == []


def test_the_samples_are_all_tried(samples):
    models = [path for path in samples.iterdir() if path.suffix not in {".mtl", ".png", ".bin"}]
    assert sorted(NAMES) == sorted(path.name for path in models)
    assert all(path.stat().st_size < 500_000 for path in samples.iterdir())


@pytest.mark.parametrize("suffix", ["abc", "dae", "usd", "usda", "usdc", "usdz"])
def test_the_other_formats_are_read_or_refused_by_name(child, cubes, tmp_path, suffix):
    answer = child.render(cubes / f"cube.{suffix}", tmp_path, small(views=1))
    if suffix in child.ready["formats"]:
        assert views_of(answer, tmp_path)[0][..., 3].max() == 1.0
        assert answer["scene"]["scene_size"]["bbox_max"] == pytest.approx([1, 1, 1])
    else:
        assert answer["code"] == "unsupported"
        assert f".{suffix}" in answer["message"]


def test_instances_and_modifiers_are_in_the_box(child, blends, tmp_path):
    answer = child.render(blends / "instances.blend", tmp_path, small(views=1))
    assert answer["scene"]["scene_size"]["bbox_max"] == pytest.approx([5.0, 1.0, 9.0])
    assert answer["scene"]["scene_size"]["bbox_min"] == pytest.approx([-5.0, -1.0, -1.0])
    alpha = views_of(answer, tmp_path)[0][..., 3]
    assert 0.02 < alpha.mean() < 0.6


def test_objects_of_one_mesh_have_their_own_materials(child, blends, tmp_path):
    answer = child.render(
        blends / "own_materials.blend", tmp_path, small(views=1, products=["mesh"])
    )
    left = {
        name: np.fromfile(tmp_path / answer["files"][kind.file], kind.dtype)
        for name, kind in ARRAYS.items()
    }
    centres = left["points"].reshape(-1, 3)[left["triangles"].reshape(-1, 3)].mean(axis=1)
    colours = left["colours"].reshape(-1, 4)[left["colour"]]
    for low, high, colour in ((-1, -0.25, "blue"), (-0.25, 0.25, "red"), (0.25, 1, "green")):
        here = (centres[:, 0] > low) & (centres[:, 0] < high)
        wanted = [float(colour == each) for each in ("red", "green", "blue")]
        assert here.sum() == 12
        np.testing.assert_allclose(colours[here], [[*wanted, 1.0]] * 12)


def test_statistics_count_what_is_in_the_file(child, samples, tmp_path):
    scene = child.render(samples / "crate.obj", tmp_path, small(views=1))["scene"]
    assert (scene["vert_count"], scene["edge_count"], scene["poly_count"]) == (8, 12, 6)
    assert (scene["object_count"], scene["mesh_count"], scene["material_count"]) == (1, 1, 1)
    assert scene["linked_files"] == ["crate.png"]
    assert scene["scene_size"]["bbox_max"] == pytest.approx([0.5, 0.5, 0.5], abs=1e-6)
    assert scene["scene_size"]["bbox_min"] == pytest.approx([-0.5, -0.5, -0.5], abs=1e-6)


def test_one_colour_formats_get_one_colour(child, samples, tmp_path):
    recipe = small(subject={"one_colour": ["ply"]})
    answer = child.render(samples / "knot.ply", tmp_path / "a", recipe)
    colour = answer["scene"]["random_color"]
    assert len(colour) == 4
    for view in views_of(answer, tmp_path / "a"):
        # Of a one-coloured surface no pixel has another hue than white light on that colour gives.
        lit = view[view[..., 3] == 1.0][:, :3]
        weakest = colour.index(min(colour[:3]))
        assert (lit.argmin(axis=1) == weakest).mean() > 0.95
    own = child.render(samples / "knot.ply", tmp_path / "b", small())
    assert own["scene"]["random_color"] is None
    lit = views_of(own, tmp_path / "b")[0]
    assert len(set(lit[lit[..., 3] == 1.0][:, :3].argmax(axis=1))) == 3


GARBAGE = {
    "glb": b"glTF\x02\0\0\0\xff\xff\xff\xff\x10\0\0\0JSON{not json",
    "gltf": b'{"asset": {"version": "2.0"}, "buffers": "no list"}',
    "obj": b"v 1 2\nf 9 9 9\n\xff\xfe\n",
    "fbx": b"Kaydara FBX Binary  \0\x1a\0" + b"\x7f" * 200,
    "stl": b"solid x\nfacet normal\n",
    "ply": b"ply\nformat ascii 1.0\nelement vertex 3\nend_header\n",
    "dae": b"<COLLADA><broken",
    "abc": b"no alembic, cut off",
    "usda": b"#usda 1.0\ndef Mesh {{{",
    "usdz": b"PK\x03\x04" + b"\0" * 30,
    "blend": b"BLENDER-v304" + b"\xff" * 64,
}


@pytest.mark.parametrize("suffix", GARBAGE)
def test_garbage_fails_and_the_child_lives(child, samples, tmp_path, suffix):
    model = tmp_path / "in" / f"garbage.{suffix}"
    model.parent.mkdir()
    model.write_bytes(GARBAGE[suffix])
    answer = child.render(model, tmp_path / "a", small())
    assert answer["type"] == "Failed"
    known = suffix in child.ready["formats"]
    assert answer["code"] in ({"import", "empty"} if known else {"unsupported"})
    assert answer["message"]
    assert "\n" not in answer["message"]
    assert child.render(samples / "gear.stl", tmp_path / "b", small(views=1))["type"] == "Rendered"


def test_an_unknown_format_is_unsupported_and_says_what_is(child, tmp_path):
    (tmp_path / "a.max").write_bytes(b"x")
    answer = child.render(tmp_path / "a.max", tmp_path / "out", small())
    assert answer["code"] == "unsupported"
    assert "glb, gltf, obj" in answer["message"]


NOTHING = {
    "3 points without a face": "v 0 0 0\nv 1 0 0\nv 0 1 0\n",
    "no visible mesh": "# nothing\n",
    "no size": "v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n",
}


@pytest.mark.parametrize("reason", NOTHING)
def test_nothing_to_see_is_empty(child, tmp_path, reason):
    model = tmp_path / "nothing.obj"
    model.write_text(NOTHING[reason])
    answer = child.render(model, tmp_path / "out", small())
    assert (answer["type"], answer.get("code")) == ("Failed", "empty")
    assert reason in answer["message"]


def test_a_box_that_is_not_finite_is_empty(child, samples, tmp_path):
    # Importers mend a point at infinity, not a place there.
    content = json.loads((samples / "mushroom.gltf").read_text())
    content["nodes"][0]["translation"] = [1e39, 0, 0]
    (tmp_path / "far.gltf").write_text(json.dumps(content))
    (tmp_path / "mushroom.bin").write_bytes((samples / "mushroom.bin").read_bytes())
    answer = child.render(tmp_path / "far.gltf", tmp_path / "out", small())
    assert (answer["type"], answer.get("code")) == ("Failed", "empty")
    assert "not finite" in answer["message"]


def test_what_a_blender_lacks_is_named(child, blender, samples, tmp_path):
    recipe = small(views=1, cycles={"denoise": True})
    runtime = child.render(samples / "gear.stl", tmp_path, recipe)["runtime"]
    has = blender == "wheel"
    assert runtime["lacking"] == ([] if has else ["openimagedenoise"])
    assert runtime["denoiser"] == ("openimagedenoise" if has else None)


def test_an_absent_view_transform_is_refused_a_present_one_shown(child, samples, tmp_path):
    recipe = small(views=1, colour={"view_transform": "agx"})
    answer = child.render(samples / "gear.stl", tmp_path, recipe)
    if "agx" in child.ready["view_transforms"]:
        assert (tmp_path / answer["views"][0]["files"]["display"]).is_file()
    else:
        assert answer["code"] == "unsupported"
        assert "agx" in answer["message"]
