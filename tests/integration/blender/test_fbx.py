"""FBX by the better of Blender's importers: the one in C++ where there is one."""

import pytest

from tests.integration.blender.albedo import assert_sides, views
from tests.integration.blender.driver import small
from tests.truth import fbx

TEXT_NEEDS = "wheel"
"""Of the two Blenders the one that has the importer in C++."""


def test_text_is_read_or_refused_by_its_name(child, blender, tmp_path):
    model = tmp_path / "object/cube.fbx"
    model.parent.mkdir()
    model.write_text(fbx.text())
    if blender != TEXT_NEEDS:
        answer = child.render(model, tmp_path / "out", small())
        assert answer["code"] == "import"
        assert "ASCII FBX files are not supported" in answer["message"]
        return
    answer, found = views(child, model, tmp_path / "out")
    assert answer["scene"]["poly_count"] == 6
    assert_sides(found, 8e-3)


def test_faces_of_points_that_are_not_there_are_refused_and_the_rest_is_not_shown(
    child, blender, tmp_path
):
    """The importer in Python leaves such faces out and says nothing: no reason to try it then."""
    if blender != TEXT_NEEDS:
        pytest.skip("this Blender has no other importer")
    model = tmp_path / "object/damaged.fbx"
    model.parent.mkdir()
    model.write_text(fbx.text().replace("a: 0,1,2,-4,", "a: 0,1,999,-4,"))
    assert "999" in model.read_text()
    answer = child.render(model, tmp_path / "out", small())
    assert (answer["type"], answer["code"]) == ("Failed", "import")
