"""What varies from sample to sample, what does not, and that it is the same every time."""

import itertools
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.integration.scenes.known import write_obj
from tests.integration.scenes.stage import pixels
from tests.proof_helpers import boxes
from worker.core.errors import Empty, ImportFailed, PresetInvalid, RenderFailed

FEW = ("scenes.samples=4", "views=4", "scenes.reuse=4")


def test_the_same_bytes_after_another_data_set(scenery, models):
    once = scenery.zips(models, "scenes-multi", *FEW)
    scenery.zips(models, "scenes-all", *FEW)
    assert scenery.zips(models, "scenes-multi", *FEW) == once


@pytest.mark.parametrize("preset", ["scenes-multi", "scenes-all"])
def test_a_sample_is_the_same_in_any_range(scenery, models, preset):
    """Also where it is the first that a fresh scene shows."""
    settings = ("scenes.samples=6", "scenes.reuse=4")
    whole = scenery.zips(models, preset, *settings, "views=6")
    parts = scenery.zips(models, preset, *settings, "views=3")
    assert [len(files) for files in (*whole, *parts)] == [13, 7, 7]
    images = {name: data for files in parts for name, data in files.items() if "img/" in name}
    assert images == {name: data for name, data in whole[0].items() if "img/" in name}


def ranges_of(samples):
    """How far each quantity goes over the samples: angles, light, hue within a class."""
    rows = np.stack([sample.rows[0] for sample in samples])
    return np.ptp(rows["euler"], axis=0).max(), np.ptp(rows["light"], axis=0).max()


@pytest.mark.parametrize(
    ("variant", "viewpoint", "lighting", "texture"),
    [("plain", False, False, False), ("viewpoint", True, False, False),
     ("lighting", False, True, False), ("texture", False, False, True), ("all", True, True, True)],
)  # fmt: skip
def test_a_variant_varies_what_its_name_says(
    one_scenery, models, variant, viewpoint, lighting, texture
):
    samples = one_scenery.samples(models, f"scenes-{variant}", *FEW)
    turned, moved = ranges_of(samples)
    assert (turned > 0.1) == viewpoint
    assert (moved > 0.1) == lighting
    assert turned == 0 or viewpoint
    assert samples[0].rows["light"][0] == pytest.approx((0, -0.75, 1.35)) or lighting
    assert any(colourful(sample) for sample in samples) is texture


def colourful(sample):
    """Whether the background has colours; without a texture it is grey."""
    behind = sample.colour[sample.numbers == 0]
    return bool((np.ptp(behind, axis=1) > 0.1 * behind.max()).mean() > 0.2)


def test_samples_in_a_row_show_the_same_objects(one_scenery, models):
    settings = ("scenes.samples=6", "views=6", "scenes.reuse=2")
    names = [sample.names for sample in one_scenery.samples(models, "scenes-plain", *settings)]
    assert names[0::2] == names[1::2]
    assert [name[0].partition("/")[0] for name in names[::2]] == ["brick", "step", "wedge"]


def test_an_emission_shines_evenly(one_scenery, models):
    settings = (*FEW, "scenes.emission=true", "samples=4")
    for sample in one_scenery.samples(models, "scenes-plain", *settings):
        inner = (sample.numbers == 1) & (np.roll(sample.numbers, 3, (0, 1)) == 1)
        inner &= np.roll(sample.numbers, -3, (0, 1)) == 1
        assert np.ptp(sample.colour[inner], axis=0).max() < 1e-5


def test_png_has_colours_and_no_more(scenery, models):
    (files,) = scenery.zips(models, "scenes-plain", *FEW, "scenes.exr=false")
    assert sorted(files) == sorted(
        [f"img/{i:05d}.{end}" for i, end in itertools.product(range(4), ("png", "npy"))]
        + ["metadata.json"]
    )
    picture = pixels(files["img/00000.png"])
    assert picture.shape == (64, 64, 3)
    assert picture.std() > 5
    (standard,) = scenery.zips(
        models, "scenes-plain", *FEW, "scenes.exr=false", "colour.view_transform=standard"
    )
    assert not np.array_equal(pixels(standard["img/00000.png"]), picture)


def test_a_folder_of_textures(one_scenery, models, tmp_path):
    for number, colour in enumerate([(255, 0, 0), (250, 0, 0)]):
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{number}.png")
    settings = (*FEW, f"scenes.textures={tmp_path}", "scenes.colour_intensity=0", "samples=16")
    for sample in one_scenery.samples(models, "scenes-texture", *settings):
        red, green, blue = sample.colour.reshape(-1, 3).mean(axis=0)
        assert red > 5 * max(green, blue)
    with pytest.raises(PresetInvalid, match="has 2 pictures, but objects and background need 5"):
        one_scenery.samples(models, "scenes-multi", f"scenes.textures={tmp_path}")
    (tmp_path / "1.png").write_bytes(b"\x89PNG but no more")
    with pytest.raises(RenderFailed, match=r"the texture 1\.png is not an image"):
        one_scenery.samples(models, "scenes-texture", *settings)


@pytest.fixture
def hostile(tmp_path):
    """A class with one good object, one without faces and one that is none."""
    folder = tmp_path / "thing"
    write_obj(folder / "good.obj", boxes(((0, 0, 0), (1, 1, 1))))
    (folder / "hollow.obj").write_text("v 0 0 0\nv 1 1 1\n")
    (folder / "broken.glb").write_bytes(b"glTF\x02\0\0\0 nothing of the kind")
    return tmp_path


def test_another_object_stands_in_for_a_broken_one(scenery, hostile):
    settings = ("scenes.samples=8", "views=8", "scenes.reuse=1", "scenes.spares=2")
    (files,) = scenery.zips(hostile, "scenes-viewpoint", *settings)
    about = about_of(files)
    shown = {each["file_identifier"] for sample in about["samples"] for each in sample["objects"]}
    assert shown == {"thing/good.obj"}
    assert {each["code"] for each in about["replaced"]} == {"empty", "import"}


def about_of(files):
    return json.loads(files["metadata.json"])


def test_what_cannot_be_shown_names_the_object(one_scenery, hostile):
    (hostile / "thing/good.obj").unlink()
    with pytest.raises(
        (Empty, ImportFailed), match=r"none of the 2 objects .*; thing/(hollow|broken)"
    ):
        one_scenery.samples(hostile, "scenes-plain", *FEW)


def test_an_object_that_is_gone_is_replaced_too(one_scenery, models, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(models / "brick", folder / "brick")
    listed = tmp_path / "models" / "list.txt"
    listed.write_text("brick/brick-0.obj\nbrick/gone.obj\n")
    settings = ("scenes.samples=4", "views=4", "scenes.reuse=1")
    (files,) = one_scenery.zips(listed, "scenes-plain", *settings)
    about = about_of(files)
    assert [each["code"] for each in about["replaced"]] == ["missing"]
    assert all(sample["objects"][0]["pixels"] for sample in about["samples"])


def test_a_material_of_the_objects_own_changes_nothing(one_scenery, models, tmp_path):
    """It could be clear, and the mask with it."""
    for name in ("brick", "step", "wedge"):
        (tmp_path / name).mkdir()
        for source in (models / name).iterdir():
            text = source.read_text().split("f ", 1)
            clear = tmp_path / name / source.name
            clear.write_text(f"mtllib {source.stem}.mtl\n{text[0]}usemtl clear\nf {text[1]}")
            clear.with_suffix(".mtl").write_text("newmtl clear\nd 0.0\nKd 1 0 1\n")
    assert pictures(one_scenery.zips(tmp_path, "scenes-all", *FEW)) == pictures(
        one_scenery.zips(models, "scenes-all", *FEW)
    )


def pictures(zips):
    return [{name: data for name, data in files.items() if "img/" in name} for files in zips]
