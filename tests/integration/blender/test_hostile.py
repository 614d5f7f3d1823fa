"""Files that reach out, want to act, or are broken: pictures of theirs are treated as missing."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.integration.blender import inside
from tests.integration.blender.broken import damaged, embed, picture
from tests.integration.blender.driver import small
from tests.integration.blender.pictures import views_of
from worker.contract.random_streams import random_colour, stream
from worker.core import keys

MAKE_TILES = Path(__file__).with_name("make_tiles.py")
QUAD = """mtllib quad.mtl
v -1 -1 0
v 1 -1 0
v 1 1 0
v -1 1 0
vt 0 0
vt 1 0
vt 1 1
vt 0 1
usemtl paint
f 1/1 2/2 3/3 4/4
f 4/4 3/3 2/2 1/1
"""
PURE_BLUE = (0, 0, 255)


def quad(folder, picture):
    """A square in front of nothing, painted with `picture` (a path as the mtl writes it)."""
    folder.mkdir(exist_ok=True)
    (folder / "quad.obj").write_text(QUAD)
    (folder / "quad.mtl").write_text(f"newmtl paint\nKd 1 1 1\nmap_Kd {picture}\n")
    return folder / "quad.obj"


def seen(answer, scratch):
    """Colours (N,3) of all opaque pixels."""
    return np.concatenate([v[v[..., 3] > 0.9][:, :3] for v in views_of(answer, scratch)])


def is_one_colour(pixels, colour):
    """Whether all are in the order of `colour`'s channels, as under white light."""
    order = np.argsort(colour[:3])
    return len(pixels) > 20 and (np.diff(pixels[:, order], axis=1) >= 0).mean() > 0.95


def blueness(answer, scratch):
    """Share of the seen pixels in which blue far outweighs the rest."""
    pixels = seen(answer, scratch)
    return (pixels[:, 2] > 5 * pixels[:, :2].max(axis=1)).mean()


def test_a_picture_inside_is_used(child, tmp_path):
    model = quad(tmp_path / "object", "blue.png")
    Image.new("RGB", (4, 4), PURE_BLUE).save(model.parent / "blue.png")
    answer = child.render(model, tmp_path / "out", small())
    assert answer["scene"]["missing_textures"]["count"] == 0
    assert blueness(answer, tmp_path / "out") > 0.5


@pytest.mark.parametrize("way", ["dots", "absolute", "link", "linked-folder", "backslashes"])
def test_a_picture_outside_is_missing(child, tmp_path, way):
    outside = tmp_path / "elsewhere" / "outside.png"
    outside.parent.mkdir()
    Image.new("RGB", (4, 4), PURE_BLUE).save(outside)
    written = {
        "dots": "../elsewhere/outside.png",
        "absolute": str(outside),
        "link": "outside.png",
        "linked-folder": "folder/outside.png",
        "backslashes": "..\\elsewhere\\outside.png",
    }[way]
    model = quad(tmp_path / "object", written)
    if way == "link":
        (model.parent / "outside.png").symlink_to(outside)
    if way == "linked-folder":
        (model.parent / "folder").symlink_to(outside.parent)
    answer = child.render(model, tmp_path / "out", small())
    missing = answer["scene"]["missing_textures"]
    assert missing["count"] == 1
    assert blueness(answer, tmp_path / "out") < 0.01
    assert str(tmp_path) not in json.dumps(answer["scene"])  # nor where this machine keeps it


@pytest.mark.parametrize("content", [None, b"version https://git-lfs.github.com/spec/v1\n", b""])
def test_a_missing_picture_is_one_recorded_colour(child, tmp_path, content):
    model = quad(tmp_path / "object", "textures/lost.png")
    if content is not None:
        (model.parent / "textures").mkdir()
        (model.parent / "textures/lost.png").write_bytes(content)
    recipe = small(samples=16)
    answer = child.render(model, tmp_path / "out", recipe)
    colour = random_colour(stream(keys.uid_of("quad.obj"), recipe, "texture:textures/lost.png"))
    assert answer["scene"]["missing_textures"] == {
        "count": 1,
        "files": ["textures/lost.png"],
        "file_path_to_color": {"textures/lost.png": list(colour)},
    }
    assert is_one_colour(seen(answer, tmp_path / "out"), colour)


BROKEN = {
    "a PNG's first bytes": ("x.png", picture("PNG")[:40]),
    "half a PNG": ("x.png", picture("PNG")[:400]),
    "a JPEG's first bytes": ("x.jpg", picture("JPEG")[:100]),
    "half a JPEG": ("x.jpg", picture("JPEG")[: len(picture("JPEG")) // 2]),
    "a damaged PNG": ("x.png", damaged(picture("PNG"))),
    "text": ("x.tga", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_picture_is_missing(child, tmp_path, what):
    name, content = BROKEN[what]
    model = quad(tmp_path / "object", name)
    (model.parent / name).write_bytes(content)
    answer = child.render(model, tmp_path / "out", small(samples=16))
    missing = answer["scene"]["missing_textures"]
    assert missing["files"] == [name]
    assert is_one_colour(seen(answer, tmp_path / "out"), missing["file_path_to_color"][name])
    why = "git lfs pull" if what == "text" else "cannot decode"
    assert why in answer["scene"]["undecodable_files"][name]
    assert answer["scene"]["missing_files"] == []


def test_a_broken_embedded_picture_is_missing_and_a_good_one_is_seen(child, tmp_path):
    for broken in (False, True):
        content = damaged(picture("PNG")) if broken else picture("PNG")
        model = embed(content, tmp_path / str(broken) / "quad.glb")
        answer = child.render(model, tmp_path / f"out {broken}", small(samples=16))
        missing = answer["scene"]["missing_textures"]
        assert missing["count"] == broken
        pixels = seen(answer, tmp_path / f"out {broken}")
        if broken:
            (colour,) = missing["file_path_to_color"].values()
            assert is_one_colour(pixels, colour)
        else:
            assert np.ptp(pixels / pixels.max(axis=1, keepdims=True), axis=0).min() > 0.3


@pytest.mark.parametrize("second", ["good", "cut", "absent"])
def test_every_tile_of_a_picture_counts(blender, child, tmp_path, second):
    model = tmp_path / "object" / "sheet.blend"
    model.parent.mkdir()
    tiles = [model.parent / f"x.{number}.png" for number in (1001, 1002)]
    for tile in tiles:
        tile.write_bytes(picture("PNG"))
    inside.run(blender, MAKE_TILES, model)
    if second == "cut":
        tiles[1].write_bytes(picture("PNG")[:40])
    if second == "absent":
        tiles[1].unlink()
    answer = child.render(model, tmp_path / "out", small(samples=16))
    missing = answer["scene"]["missing_textures"]
    pixels = seen(answer, tmp_path / "out")
    if second == "good":
        assert missing["count"] == 0
        assert np.ptp(pixels / pixels.max(axis=1, keepdims=True), axis=0).min() > 0.3
    else:
        assert missing["files"] == ["x.<UDIM>.png"]
        assert is_one_colour(pixels, missing["file_path_to_color"]["x.<UDIM>.png"])


def test_a_buffer_outside_is_refused(child, samples, tmp_path):
    content = json.loads((samples / "mushroom.gltf").read_text())
    for number, uri in enumerate(("../mushroom.bin", "%2e%2e/mushroom.bin")):
        model = tmp_path / "object" / f"{number}.gltf"
        model.parent.mkdir(exist_ok=True)
        (tmp_path / "mushroom.bin").write_bytes((samples / "mushroom.bin").read_bytes())
        content["buffers"][0]["uri"] = uri
        model.write_text(json.dumps(content))
        answer = child.render(model, tmp_path / "out", small())
        assert answer["code"] == "import"
        assert "outside" in answer["message"]
        # With the folder above as its root the very same file is fine.
        fine = child.render(model, tmp_path / "out", small(views=1), root=tmp_path)
        assert fine["type"] == "Rendered"


def test_a_material_library_outside_is_refused(child, tmp_path):
    model = quad(tmp_path / "object", "x.png")
    (tmp_path / "secret.mtl").write_text("newmtl paint\n")
    model.write_text(QUAD.replace("quad.mtl", "../secret.mtl"))
    assert child.render(model, tmp_path / "out", small())["code"] == "import"


def test_a_model_that_is_a_link_out_is_refused(child, samples, tmp_path):
    link = tmp_path / "gear.stl"
    link.symlink_to(samples / "gear.stl")
    assert child.render(link, tmp_path / "out", small())["code"] == "import"


def test_a_blend_shows_its_object_and_does_nothing_else(child, blends, tmp_path):
    before = sorted(blends.iterdir())
    assert {path.suffix for path in before} == {".blend"}
    recipe = small(samples=16)
    answer = child.render(blends / "hostile.blend", tmp_path / "a", recipe)
    scene = answer["scene"]
    assert scene["lamp_count"] == 1
    assert scene["mesh_count"] == 3
    # The hidden cube at z = 50 does not count, and neither the lamp nor the camera is in the box.
    assert scene["scene_size"]["bbox_max"] == pytest.approx([7.0, 1.0, 0.5])
    assert scene["scene_size"]["bbox_min"] == pytest.approx([3.0, -1.0, -0.5])
    assert scene["missing_textures"]["files"] == ["outside.png"]
    assert sorted(blends.iterdir()) == before  # no script, driver or compositor has written

    # The lamp of 100 kW lights nothing: the picture is that of the cube alone.
    shown = views_of(answer, tmp_path / "a")
    plain = views_of(child.render(blends / "plain.blend", tmp_path / "b", recipe), tmp_path / "b")
    for view in shown + plain:
        lit = view[view[..., 3] > 0.9]
        assert (lit[:, 0] > lit[:, 1]).mean() > 0.9
    assert max(v.max() for v in shown) < 2 * max(v.max() for v in plain)
