"""OFF files, rendered: faces and colours; bad ones are refused by a child that goes on."""

import pytest

from tests.integration.blender.albedo import assert_sides, views
from tests.integration.blender.driver import small
from tests.truth import off

COLOURED = {
    "by face": off.by_face(),
    "by face in parts": off.by_face(whole=False),
    "by vertex": off.by_vertex(),
    "binary": off.binary(),
}


def write(folder, content):
    folder.mkdir(exist_ok=True)
    model = folder / "model.off"
    model.write_bytes(content if isinstance(content, bytes) else content.encode())
    return model


@pytest.mark.parametrize("way", COLOURED)
def test_colours_are_shown_on_the_sides_that_have_them(child, tmp_path, way):
    model = write(tmp_path / "object", COLOURED[way])
    answer, found = views(child, model, tmp_path / "out")
    assert answer["scene"]["poly_count"] == 6
    assert answer["scene"]["scene_size"]["bbox_max"] == [0.5, 0.5, 0.5]
    assert_sides(found)


def test_a_face_that_is_there_twice_or_has_no_area_harms_nothing(child, tmp_path):
    text = off.plain().replace("24 6 12", "24 8 12") + "4 0 1 2 3\n3 0 0 1\n"
    answer = child.render(write(tmp_path / "object", text), tmp_path / "out", small())
    assert answer["type"] == "Rendered", answer
    assert answer["scene"]["poly_count"] == 6


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "import"),
        (off.plain()[:-20], "import"),
        (off.plain().replace("4 0 1", "4 0 99"), "import"),
        ("OFF\n0 0 0\n", "empty"),
    ],
)
def test_a_bad_file_is_refused_and_the_child_goes_on(child, tmp_path, content, code):
    answer = child.render(write(tmp_path / "object", content), tmp_path / "out", small())
    assert (answer["type"], answer["code"]) == ("Failed", code)
    assert answer["can_go_on"]
    good = child.render(write(tmp_path / "object", off.plain()), tmp_path / "good", small())
    assert good["type"] == "Rendered"
