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
