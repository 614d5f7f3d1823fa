"""Picture nodes that importers leave without a picture: Cycles would show them magenta."""

from pathlib import Path

import pytest

from tests.integration.blender import inside, reaching
from tests.integration.blender.broken import embed, picture
from tests.integration.blender.driver import small
from tests.integration.blender.test_hostile import is_one_colour, seen
from worker.contract.random_streams import random_colour, stream
from worker.core import keys

MAKE_BLANKS = Path(__file__).with_name("make_blanks.py")
SAMPLES = {"samples": 16}
BLUE = (0.0, 0.0, 1.0)
WHITE, FLAT = [1.0, 1.0, 1.0, 1.0], [0.5, 0.5, 1.0, 1.0]
GLTF = {
    "no source": {"textures": [{}]},
    "a format of an extension's": {
        "textures": [{"extensions": {"KHR_texture_basisu": {"source": 0}}}],
        "extensionsUsed": ["KHR_texture_basisu"],
    },
    "data of no kind": {"images": [{"uri": "data:nothing"}]},
}
SHEET = reaching.LAYER + reaching.PAINTED % "textures/lost.png"


def assert_one_drawn_colour(answer, scratch, model, recipe, name):
    colour = random_colour(stream(keys.uid_of(model.name), recipe, f"texture:{name}"))
    assert answer["scene"]["missing_textures"] == {
        "count": 1,
        "files": [name],
        "file_path_to_color": {name: list(colour)},
    }
    assert is_one_colour(seen(answer, scratch), colour)


@pytest.mark.parametrize("what", GLTF)
def test_a_gltf_texture_without_a_picture_is_one_recorded_colour(child, tmp_path, what):
    model = embed(picture("PNG"), tmp_path / "object" / "quad.glb", GLTF[what])
    recipe = small(**SAMPLES)
    answer = child.render(model, tmp_path / "out", recipe)
    assert_one_drawn_colour(answer, tmp_path / "out", model, recipe, "BASE COLOR of Material_0")


def test_a_usd_texture_that_is_not_there_is_one_recorded_colour(child, tmp_path):
    if "usda" not in child.ready["formats"]:
        pytest.skip("this Blender reads no USD")
    model = tmp_path / "object" / "sheet.usda"
    model.parent.mkdir()
    model.write_text(SHEET)
    recipe = small(**SAMPLES)
    answer = child.render(model, tmp_path / "out", recipe)
    assert_one_drawn_colour(answer, tmp_path / "out", model, recipe, "Image Texture of Paint")


@pytest.fixture
def blank(blender, child, tmp_path):
    """Renders the .blend of make_blanks.py that has its node in one place."""

    def render(place, recipe):
        model = tmp_path / f"{place}.blend"
        inside.run(blender, MAKE_BLANKS, model)
        return model, child.render(model, tmp_path / "out", recipe)

    return render


@pytest.mark.parametrize(("place", "owner"), [("group", "inner"), ("environment", "paint")])
def test_a_colour_comes_from_any_node(blank, tmp_path, place, owner):
    recipe = small(**SAMPLES)
    model, answer = blank(place, recipe)
    assert_one_drawn_colour(answer, tmp_path / "out", model, recipe, f"blank of {owner}")


@pytest.mark.parametrize(("place", "stand_in"), [("normal", FLAT), ("rough", WHITE)])
def test_what_is_no_colour_is_as_if_there_were_no_map(blank, tmp_path, place, stand_in):
    _, answer = blank(place, small(**SAMPLES))
    missing = answer["scene"]["missing_textures"]
    assert missing["file_path_to_color"] == {"blank of paint": stand_in}
    assert is_one_colour(seen(answer, tmp_path / "out"), BLUE)


def test_a_lamp_may_have_one(blank):
    _, answer = blank("lamp", small(views=1))
    assert answer["scene"]["missing_textures"]["files"] == ["blank of lamp"]


def test_a_node_that_nothing_uses_is_not_missing(blank, tmp_path):
    _, answer = blank("unlinked", small(**SAMPLES))
    assert answer["scene"]["missing_textures"]["count"] == 0
    assert is_one_colour(seen(answer, tmp_path / "out"), BLUE)
