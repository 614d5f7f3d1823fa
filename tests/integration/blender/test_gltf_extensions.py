"""A glTF that needs an extension which Blender's importer does not know is refused by its name."""

import json

import numpy as np
import pytest

from tests.integration.blender.albedo import assert_sides, views
from tests.integration.blender.broken import embed, picture
from tests.integration.blender.driver import small
from tests.truth import cube
from tests.truth.gltf import Gltf, coloured

MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")


def write(path, made):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(made.glb())
    return path


def whole():
    """The cube with its picture."""
    made = coloured()
    made.add(made.primitive(cube.POINTS))
    return made


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        *((name, "gltfpack") for name in MESHOPT),
        ("KHR_texture_basisu", "ktxdecompress"),
        ("ACME_made_up", "write a copy without it"),
    ],
)
@pytest.mark.parametrize("used", [True, False])
def test_a_required_one_is_named_with_what_to_do(child, tmp_path, name, remedy, used):
    made = whole()
    made.document["extensionsRequired"] = [name]
    if used:
        made.document["extensionsUsed"] = [name]
    answer = child.render(write(tmp_path / "object/model.glb", made), tmp_path / "out", small())
    assert (answer["type"], answer["code"]) == ("Failed", "unsupported")
    assert f"needs {name}, which Blender" in answer["message"]
    assert remedy in answer["message"]
    assert answer["can_go_on"]


@pytest.mark.parametrize("name", MESHOPT)
def test_packed_data_that_stands_nowhere_else_is_required_whatever_the_file_says(
    child, tmp_path, name
):
    made = Gltf()
    made.material()
    made.add(made.primitive(cube.POINTS))
    content = json.loads(made.gltf())
    packed = {"byteStride": 12, "count": 24, "mode": "ATTRIBUTES"}
    for view in content["bufferViews"]:
        view["extensions"] = {name: {**view, **packed, "buffer": 0}}
        view["buffer"] = 1
    content["buffers"].append({"byteLength": 4096, "extensions": {name: {"fallback": True}}})
    content["extensionsUsed"] = [name]
    model = tmp_path / "object/model.gltf"
    model.parent.mkdir()
    model.write_text(json.dumps(content))
    answer = child.render(model, tmp_path / "out", small())
    assert (answer["type"], answer["code"]) == ("Failed", "unsupported")
    assert f"needs {name}" in answer["message"]


def test_packed_data_beside_the_same_data_is_not_needed(child, tmp_path):
    made = whole()
    content = json.loads(made.gltf())
    for view in content["bufferViews"][:1]:
        view["extensions"] = {MESHOPT[0]: {"buffer": 0, "byteLength": 1, "byteStride": 12,
                                           "count": 24, "mode": "ATTRIBUTES"}}  # fmt: skip
    content["extensionsUsed"] = [MESHOPT[0]]
    model = tmp_path / "object/model.gltf"
    model.parent.mkdir()
    model.write_text(json.dumps(content))
    _, found = views(child, model, tmp_path / "out")
    assert_sides(found, 8e-3)


def test_a_picture_beside_an_optional_ktx2_is_shown(child, tmp_path):
    made = whole()
    made.document["textures"] = [{"source": 0, "extensions": {"KHR_texture_basisu": {"source": 1}}}]
    made.document["images"].append({"uri": "sides.ktx2", "mimeType": "image/ktx2"})
    made.document["extensionsUsed"] = ["KHR_texture_basisu"]
    answer, found = views(child, write(tmp_path / "object/model.glb", made), tmp_path / "out")
    assert answer["scene"]["missing_textures"]["count"] == 0
    assert_sides(found, 8e-3)


KTX2 = b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(64)
BASISU = "KHR_texture_basisu"
ALONE = {
    "a file": ({"extensions": {BASISU: {"source": 0}}}, {"uri": "my%20sides.ktx2"}),
    "embedded": ({"extensions": {BASISU: {"source": 0}}}, {"name": "my sides.ktx2"}),
    "of an unknown extension": (
        {"extensions": {"VENDOR_texture_fractal": {"source": 0}}}, {"uri": "my%20sides.ktx2"},
    ),
    "of no extension": ({"source": 0}, {"uri": "my%20sides.ktx2"}),
    "embedded, of no extension": ({"source": 0}, {"name": "my sides.ktx2"}),
}  # fmt: skip


@pytest.mark.parametrize("how", ALONE)
def test_a_ktx2_without_another_picture_is_named_with_its_remedy(child, tmp_path, how):
    texture, image = ALONE[how]
    made = whole()
    made.data = made.data.replace(cube.picture(), KTX2.ljust(len(cube.picture()), b"\0"))
    embedded = {**made.document["images"][0], "mimeType": "image/ktx2"}
    made.document["textures"] = [texture]
    made.document["images"] = [{**({} if "uri" in image else embedded), **image}]
    made.document["extensionsUsed"] = list(texture.get("extensions", {}))
    model = write(tmp_path / "object/model.glb", made)
    (model.parent / "my sides.ktx2").write_bytes(KTX2)
    answer = child.render(model, tmp_path / "out", small(views=1))
    ((name, why),) = answer["scene"]["undecodable_files"].items()
    assert name == "my sides.ktx2"
    assert ("VENDOR_texture_fractal" if "unknown" in how else "ktxdecompress") in why
    assert answer["scene"]["missing_files"] == []
    assert answer["scene"]["missing_textures"]["count"] == 1


def test_a_ktx2_that_no_material_shows_is_not_named(child, tmp_path):
    made = whole()
    made.document["textures"].append({"extensions": {BASISU: {"source": 1}}})
    made.document["images"].append({**made.document["images"][0], "mimeType": "image/ktx2"})
    made.document["extensionsUsed"] = [BASISU]
    answer = child.render(
        write(tmp_path / "object/model.glb", made), tmp_path / "out", small(views=1)
    )
    assert answer["scene"]["undecodable_files"] == {}


def test_draco_is_needed_where_its_library_is_not(child, tmp_path, blender):
    made = whole()
    made.document["extensionsRequired"] = made.document["extensionsUsed"] = [
        "KHR_draco_mesh_compression"
    ]
    answer = child.render(write(tmp_path / "object/model.glb", made), tmp_path / "out", small())
    if blender == "wheel":
        assert answer["type"] == "Rendered"
    else:
        assert answer["code"] == "unsupported"
        assert "needs KHR_draco_mesh_compression" in answer["message"]


def test_what_is_no_list_of_names_is_not_read_as_one(child, tmp_path):
    odd = {"extensionsRequired": [], "extensionsUsed": [7, None], "buffers": None}
    model = embed(picture("PNG"), tmp_path / "object/quad.glb", odd)
    answer = child.render(model, tmp_path / "out", small())
    assert (answer["type"], answer["code"]) == ("Failed", "import")
    assert np.isin(answer["message"].split()[:2], ["cannot", "import"]).all()
