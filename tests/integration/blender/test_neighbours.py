"""A folder of models: a picture of another model's folder is named, not shown."""

import shutil

from PIL import Image

from tests.integration.blender.driver import small
from tests.integration.blender.test_hostile import PURE_BLUE, blueness, is_one_colour, quad, seen


def render(child, root, model, out):
    answer = child.render(model, out, small(samples=16), root=root)
    assert answer["type"] == "Rendered", answer
    return answer


def test_a_neighbours_picture_is_named_and_not_shown(child, tmp_path):
    shop = tmp_path / "shop"
    shop.mkdir()
    chair = quad(shop / "chair", "skin.png")
    table = shop / "table" / "source"
    shutil.copytree(chair.parent, table)
    chair.with_suffix(".mtl").write_text("newmtl paint\nmap_Kd C:\\art\\skin.png\n")
    textures = shop / "table" / "textures"
    textures.mkdir()
    Image.new("RGB", (4, 4), PURE_BLUE).save(textures / "skin.png")
    answer = render(child, shop, chair, tmp_path / "out")
    told = answer["scene"]
    assert told["found_files"] == {}
    assert told["missing_files"] == ["C:\\art\\skin.png"]
    assert told["not_taken_files"] == {"C:\\art\\skin.png": "table/textures/skin.png"}
    (colour,) = told["missing_textures"]["file_path_to_color"].values()
    assert is_one_colour(seen(answer, tmp_path / "out"), colour)

    own = render(child, shop, table / chair.name, tmp_path / "own")
    assert own["scene"]["found_files"] == {"skin.png": "table/textures/skin.png"}
    assert "not_taken_files" not in own["scene"]
    assert blueness(own, tmp_path / "own") > 0.5

    (shop / "textures").mkdir()
    shutil.copy(textures / "skin.png", shop / "textures")
    shared = render(child, shop, chair, tmp_path / "shared")
    assert shared["scene"]["found_files"] == {"C:\\art\\skin.png": "textures/skin.png"}
    assert shared["scene"]["missing_files"] == []
