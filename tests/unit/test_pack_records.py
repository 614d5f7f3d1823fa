"""Camera files that no preset asks for, splits, placement; and the films."""

import io
import itertools
import json
import math
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.raw_views import SCENE, rendered_object
from worker import presets
from worker.contract.recipe import Subject
from worker.core.errors import RenderFailed
from worker.pack import placement, preview
from worker.pack.pack import pack
from worker.pack.records import metadata, transforms


@pytest.fixture
def members(tmp_path):
    """A function from overrides of the default preset to the zip's members, by name."""

    def make(*overrides):
        recipe = presets.load("default", ["views=4", "resolution=[32,24]", *overrides])
        raw = rendered_object(tmp_path / "raw", recipe)
        with zipfile.ZipFile(pack(raw, recipe, tmp_path).path) as zipped:
            found = {name.partition("/")[2]: zipped.read(name) for name in zipped.namelist()}
        return raw.answer.views, found

    return make


def transforms_of(found):
    return json.loads(found["transforms.json"])


def test_plain_transforms_have_every_cameras_own_angle(members):
    views, found = members('records=["transforms"]')
    document = transforms_of(found)
    assert document["aabb"] == [[-0.5] * 3, [0.5] * 3]
    for view, frame in zip(views, document["frames"], strict=True):
        assert frame["file_path"] == f"{view.name}.png"
        assert frame["file_path"] in found
        assert frame["transform_matrix"] == view.camera_to_world
        assert math.tan(frame["camera_angle_x"] / 2) == pytest.approx(
            view.width / 2 / view.intrinsics[0][0]
        )


def test_nerfstudio_has_pixels_masks_and_the_split(members):
    splits = ["splits.train=2", "splits.val=1", "splits.test=1"]
    views, found = members('records=["nerfstudio"]', 'images=["colour","mask"]', *splits)
    document = transforms_of(found)
    for view, frame in zip(views, document["frames"], strict=True):
        k = view.intrinsics
        assert [frame[key] for key in ("fl_x", "fl_y", "cx", "cy", "w", "h")] == [
            k[0][0], k[1][1], k[0][2], k[1][2], 32, 24,
        ]  # fmt: skip
        assert frame["mask_path"] == f"{view.name}_mask.png"
        assert frame["mask_path"] in found
    assert document["train_filenames"] == ["000.png", "001.png"]
    assert document["val_filenames"] == ["002.png"]
    assert document["test_filenames"] == ["003.png"]


def test_instant_ngp_has_depth_only_where_it_can_read_it(members):
    _, found = members('records=["instant-ngp"]', 'images=["colour","depth"]', "depth.invalid=0")
    document = transforms_of(found)
    assert (document["scale"], document["offset"], document["aabb_scale"]) == (1, [0.5] * 3, 1)
    assert document["integer_depth_scale"] == pytest.approx(1 / 4000)
    assert document["frames"][3]["depth_path"] == "003_depth.png"
    _, found = members('records=["instant-ngp"]', 'images=["colour","depth"]')
    assert "integer_depth_scale" not in transforms_of(found)
    assert "depth_path" not in transforms_of(found)["frames"][0]


def test_splits_are_in_cameras_json_too(members):
    _, found = members("splits.train=1", "splits.val=1", "splits.test=2")
    assert json.loads(found["cameras.json"])["splits"] == {"train": 1, "val": 1, "test": 2}
    _, found = members("splits.train=1", "splits.val=1", "splits.test=ring")
    assert json.loads(found["cameras.json"])["splits"] == {"train": 1, "val": 1, "test": 2}
    _, found = members()
    assert "splits" not in json.loads(found["cameras.json"])


def test_without_colour_the_frames_name_what_there_is(members):
    _, found = members('records=["transforms"]', 'images=["depth-npy"]')
    assert transforms_of(found)["frames"][0]["file_path"] == "000_depth.npy"
    assert "000_depth.npy" in found


@pytest.mark.parametrize(("turn", "lift"), [(0, 0), (90, 10), (359, 30), (200, 89)])
def test_get3ds_angles_are_of_the_cameras_place(members, turn, lift):
    views, _ = members()
    phi, theta = math.radians(turn), math.radians(lift)
    # On +Y, lifted about X, turned about Z: what the three rotations make of (0, 1.2, 0).
    place = [
        -1.2 * math.cos(theta) * math.sin(phi),
        1.2 * math.cos(theta) * math.cos(phi),
        1.2 * math.sin(theta),
    ]
    for row, value in zip(views[0].camera_to_world, place, strict=False):
        row[3] = value
    assert transforms.turn_and_height(views[0]) == pytest.approx((turn, lift), abs=1e-9)


def test_cameras_json_says_where_the_object_is(members):
    _, found = members()
    told = json.loads(found["cameras.json"])["placement"]
    assert told == {"scale": 0.5, "offset": [0, 0, 0], "bbox": [[-0.5] * 3, [0.5] * 3]}


@pytest.mark.parametrize(
    "changes",
    [
        {"placement": None},
        {"placement": {"scale": 0.0, "offset": [0, 0, 0]}},
        {"placement": {"scale": 1.0, "offset": [0, 0]}},
        {"placement": {"scale": math.nan, "offset": [0, 0, 0]}},
        {"scene_size": {}},
        {"scene_size": {"bbox_min": [math.inf] * 3, "bbox_max": [1, 1, 1]}},
        {"scene_size": "large"},
    ],
)
def test_a_child_that_puts_the_object_nowhere_is_not_believed(changes):
    with pytest.raises(RenderFailed, match="placement of the object"):
        placement.of({**SCENE, **changes})


def test_a_long_film_leaves_views_out_evenly():
    assert preview.shown(5) == {0, 1, 2, 3, 4}
    many = sorted(preview.shown(10_000))
    assert len(many) == preview.FRAMES
    assert many[0] == 0
    assert {b - a for a, b in itertools.pairwise(many)} <= {41, 42}


def test_a_film_shows_the_object_on_white_with_clean_edges(members):
    _, found = members('previews=["turntable-gif","turntable-webp"]', "preview.width=16")
    for name in ("turntable.gif", "turntable.webp"):
        with Image.open(io.BytesIO(found[name])) as film:
            assert film.size == (16, 12)
            assert film.n_frames == 4
            assert film.info["loop"] == 0
            corner = np.asarray(film.convert("RGB"))[0, 0]
        assert corner.min() >= 250
    _, again = members('previews=["turntable-gif","turntable-webp"]', "preview.width=16")
    assert again == found


@pytest.mark.parametrize("settings", [["preview.width=16"], ["preview.rate=5", "views=7"]])
def test_a_film_is_what_the_metadata_says(members, settings):
    _, found = members('previews=["turntable-gif","turntable-webp"]', *settings)
    told = json.loads(found["metadata.json"])["render_worker"]["previews"]
    assert sorted(about["files"] for about in told.values()) == ["turntable.gif", "turntable.webp"]
    for about in told.values():
        with Image.open(io.BytesIO(found[about["files"]])) as film:
            assert (film.format, film.n_frames) == (
                about["encoding"].split(",")[0],
                about["frames"],
            )
            assert film.size == (about["width"], about["height"])
            film.load()
            assert film.info["duration"] == pytest.approx(1000 / about["rate"], abs=10)
        assert about["of"] == "colour"
    unlit = presets.load("turntable", ['images=["mask","albedo"]'])
    assert preview.describe("turntable-gif", unlit)["of"] == "albedo"


def test_a_zip_without_films_tells_of_none(members):
    _, found = members()
    assert json.loads(found["metadata.json"])["render_worker"]["previews"] == {}


def test_the_metadata_has_what_was_set_and_nothing_without(members, tmp_path):
    _, found = members('images=["mask"]', "name=x", "samples=192")
    own = json.loads(found["metadata.json"])["render_worker"]
    assert own["overrides"] == ['images=["mask"]', 'name="x"', "resolution=[32, 24]", "views=4"]
    recipe = presets.load("default")
    raw = rendered_object(tmp_path / "plain", recipe)
    plain = metadata.write(raw, {}, recipe)
    assert "overrides" not in json.loads(plain)["render_worker"]


def test_each_views_range_of_depth_is_where_the_metadata_says_without_cameras_json(members):
    depth = ['images=["colour","depth"]', "depth.mode=per-view", 'records=["npy-3x4"]']
    _, found = members(*depth)
    assert "cameras.json" not in found
    own = json.loads(found["metadata.json"])["render_worker"]
    where = own["images"]["depth"]["range_of_views"]
    assert where == "render_worker.facts of metadata.json, VIEW.depth"
    for view in ("000", "001", "002", "003"):
        assert own["facts"][view]["depth"].keys() == {"near", "far"}


def test_a_frame_has_no_fringe():
    # Red, ever thinner, with clear black around: half-size, the mix with white stays red.
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 3:, 0] = 200
    pixels[:, 3:, 3] = 255
    small = np.asarray(preview.frame(pixels, 4))
    assert small.shape == (4, 4, 3)
    assert (small[..., 0] >= 199).all()
    np.testing.assert_array_equal(small[..., 1], small[..., 2])


def test_nsvfs_first_voxels_are_a_tenth_of_the_longest_side(members):
    _, found = members('records=["nsvf"]')
    *box, voxel = map(float, found["bbox.txt"].split())
    assert voxel == pytest.approx(
        max(high - low for low, high in zip(box, box[3:], strict=False)) / 10
    )


@pytest.mark.parametrize(("normalise", "said"), [("unit-cube", "longest side"), ("none", "file's")])
def test_what_a_length_of_one_is_in_words(normalise, said):
    words = placement.unit(Subject(normalise=normalise))
    assert said in words
    assert "divided" not in words
    assert placement.unit(Subject(normalise=normalise, size=0.8)) == f"{words}, divided by 0.8"


def test_a_frame_of_a_long_image_is_a_pixel_high_at_least():
    assert preview.size((4000, 4), 256) == (256, 1)
    assert preview.size((4000, 3000), 256) == (256, 192)
    assert preview.size((200, 3), 256) == (200, 3)
