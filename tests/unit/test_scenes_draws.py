"""What is drawn for a sample: laws, bounds and independence; textures; places; rotations."""

import colorsys
import functools
import itertools
import math
import os
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trimesh.transformations import euler_matrix, quaternion_matrix

from worker import presets
from worker.blender.faults import ObjectFault
from worker.blender.scenes import places
from worker.contract import rotations, scene_draws, texture_patterns
from worker.contract.scene_draws import Form
from worker.contract.texture_folder import listing
from worker.core.errors import PresetInvalid

ANGLES = st.floats(-7, 7)
UNIT = np.array([[-0.5] * 3, [0.5] * 3])
MANY = 400


@functools.cache
def recipe(preset, *settings):
    return presets.load(preset, settings)


@given(ANGLES, ANGLES, ANGLES)
def test_turns_are_xyz_euler_angles(a, b, c):
    assert rotations.matrix((a, b, c)) == pytest.approx(euler_matrix(a, b, c, "sxyz")[:3, :3])
    quaternion = rotations.quaternion((a, b, c))
    assert quaternion_matrix(quaternion)[:3, :3] == pytest.approx(rotations.matrix((a, b, c)))


def test_nothing_varies_but_the_warp_where_nothing_is_to_vary():
    plain = recipe("scenes-plain", "scenes.warp=0")
    forms = {scene_draws.form(plain, idx, 0) for idx in range(20)}
    (form,) = forms
    assert form.scale == pytest.approx((0.56,) * 3)
    assert form.euler == pytest.approx((math.pi / 2, 0, -math.pi / 6))
    assert {scene_draws.light(plain, idx) for idx in range(20)} == {(0.0, -0.75, 1.35)}


def test_the_viewpoint_is_normal_around_the_base():
    varied = recipe("scenes-viewpoint")
    turned = np.array([scene_draws.form(varied, idx, 0).euler for idx in range(MANY)])
    assert turned.mean(axis=0) == pytest.approx((math.pi / 2, 0, -math.pi / 6), abs=0.1)
    assert turned.std(axis=0) == pytest.approx(0.5, rel=0.15)


def test_the_warp_keeps_the_size():
    scales = (
        np.array([scene_draws.form(recipe("scenes-plain"), i, 0).scale for i in range(MANY)]) / 0.56
    )
    assert scales.mean(axis=1) == pytest.approx(1.0, abs=1e-6)
    # Three normal numbers less their mean.
    assert scales.std() == pytest.approx(0.1 * math.sqrt(2 / 3), rel=0.1)


def test_scales_and_warps_are_bounded():
    wild = recipe("scenes-plain", "scenes.scaling=5", "scenes.warp=5")
    scales = np.array([scene_draws.form(wild, idx, 0).scale for idx in range(MANY)]) / 0.7
    assert scales.min() == pytest.approx(0.1 * 0.5, rel=1e-6)
    assert scales.max() == pytest.approx(1.5 * 1.5, rel=1e-6)


def test_the_light_stays_on_its_circle():
    lights = np.array([scene_draws.light(recipe("scenes-lighting"), idx) for idx in range(MANY)])
    assert not lights[:, 0].any()
    assert np.hypot(lights[:, 1], lights[:, 2]) == pytest.approx(math.hypot(0.75, 1.35))
    assert (lights[:, 2] < 0).mean() > 0.2


def test_a_class_keeps_its_colour_but_for_the_spread():
    fixed = recipe("scenes-plain", "scenes.colour_variation=0")
    colours = {scene_draws.looks(fixed, idx, [3, 5], 0)[2].colour for idx in range(20)}
    assert len(colours) == 1
    spread = [scene_draws.looks(recipe("scenes-plain"), idx, [3], 0)[1].colour for idx in range(20)]
    assert len(set(spread)) == 20
    anything = [
        scene_draws.looks(recipe("scenes-colour"), idx, [3], 0)[1].colour for idx in range(MANY)
    ]
    assert np.array(anything)[:, :3].mean(axis=0) == pytest.approx(0.5, abs=0.06)
    for red, green, blue, alpha in (*spread, *anything):
        assert 0 <= min(red, green, blue) <= max(red, green, blue) <= alpha == 1


def test_the_shares_of_colour_and_texture():
    background, thing = scene_draws.looks(recipe("scenes-texture"), 0, [0], 48)
    assert (background.share, thing.share) == (0.0, 0.4)
    assert background.texture != thing.texture
    background, thing = scene_draws.looks(recipe("scenes-texture-colour"), 0, [0], 48)
    assert (background.share, thing.share) == (0.0, 0.0)
    for look in scene_draws.looks(recipe("scenes-plain"), 0, [0], 0):
        assert look.texture == -1
    grey = scene_draws.looks(recipe("scenes-colour", "scenes.grey=true"), 0, [0], 0)[1].colour
    assert len(set(grey[:3])) == 1


def test_no_two_surfaces_take_one_texture():
    for idx in range(50):
        looks = scene_draws.looks(recipe("scenes-multi"), idx, [0] * 4, 5)
        assert sorted(look.texture for look in looks) == [0, 1, 2, 3, 4]


def test_one_stream_a_quantity():
    """More objects or another light turn no object."""
    one, four = recipe("scenes-all"), recipe("scenes-all", "scenes.objects=4", "scenes.lighting=1")
    for number in range(4):
        assert scene_draws.form(one, 7, number) == scene_draws.form(four, 7, number)


def test_boxes_are_apart_where_there_is_room():
    multi = recipe("scenes-multi", "scenes.viewpoint=0.5")
    tries = statistics.mean(_overlaps(multi, idx) for idx in range(30))
    assert tries == 0


def _overlaps(wanted, idx):
    forms = [scene_draws.form(wanted, idx, number) for number in range(4)]
    stand = places.places(wanted, idx, forms, [UNIT] * 4, [0.0] * 4)
    boxes = [places.corners(UNIT, form) + place for form, place in zip(forms, stand, strict=True)]
    return sum(not places.apart(*pair) for pair in itertools.combinations(boxes, 2))


def test_objects_are_a_gap_apart():
    """A hundredth: nearer ones would seem to touch in the picture, and their shadows do."""
    one = places.corners(UNIT, Form((1, 1, 1), (0, 0, 0)))
    for axis in np.eye(3):
        assert places.apart(one, one + axis * 1.0101)
        assert places.apart(one + axis * 1.0101, one)
        assert not places.apart(one, one + axis * 1.0099)
        assert not places.apart(one + axis * 1.0099, one)


def test_more_than_there_is_room_for_is_refused():
    crowd = recipe("scenes-floor", "scenes.objects=6", "scenes.size=10")
    forms = [scene_draws.form(crowd, 7, number) for number in range(6)]
    with pytest.raises(ObjectFault, match="sample 7: no room for 6 objects of size 10 ") as caught:
        places.places(crowd, 7, forms, [UNIT] * 6, [-5.0] * 6)
    assert caught.value.code == "render"


def test_objects_that_find_no_room_are_all_placed_anew(monkeypatch):
    """With one try each, most arrangements fail at some object."""
    crowd = recipe("scenes-multi", "scenes.objects=3")
    forms = [scene_draws.form(crowd, 0, number) for number in range(3)]
    monkeypatch.setattr(places, "TRIES", 1)
    monkeypatch.setattr(places, "ARRANGEMENTS", 1000)
    placed = 0
    for idx in range(20):
        found = places.places(crowd, idx, forms, [UNIT] * 3, [-0.2] * 3)
        boxes = [
            places.corners(UNIT, form) + place for form, place in zip(forms, found, strict=True)
        ]
        assert all(places.apart(*pair) for pair in itertools.combinations(boxes, 2))
        placed += len(found)
    assert placed == 60


@given(
    st.tuples(ANGLES, ANGLES, ANGLES), st.tuples(*[st.floats(-3, 3)] * 3),
    st.tuples(*[st.floats(0.1, 2)] * 3), st.tuples(*[st.floats(0, 0.5)] * 3),
)  # fmt: skip
def test_apart_is_true_only_of_boxes_that_share_no_point(turn, place, scale, half):
    """Of any box, also a flat one, whatever point of it lies in the other."""
    one = places.corners(UNIT, Form((1, 1, 1), (0, 0, 0)))
    box = np.array([[-x for x in half], half])
    other = places.corners(box, Form(scale, turn)) + place
    weights = np.random.default_rng(0).dirichlet([0.3] * 8, 300)
    points = np.concatenate([weights @ other, other])
    if (np.abs(points) < 0.5).all(axis=1).any():
        assert not places.apart(one, other)
        assert not places.apart(other, one)
    if places.apart(one, other):
        assert places.apart(other, one)
    if np.linalg.norm(place) > 4.5:
        assert places.apart(one, other)


def test_textures_are_many_and_all_different():
    found = [texture_patterns.texture(number) for number in range(texture_patterns.count())]
    assert len(found) >= 33  # objects of the largest scene, and its background
    assert len({texture.tobytes() for texture in found}) == len(found)
    for texture in found:
        assert texture.shape == (texture_patterns.SIZE, texture_patterns.SIZE, 4)
        assert texture.min() >= 0
        assert texture.max() <= 1
        assert texture[..., :3].std() > 0.02
        assert (texture[..., 3] == 1).all()


def test_a_textures_folder_is_listed_alike_everywhere(tmp_path):
    for name in ("b/2.PNG", "a.jpg", "b/1.png", ".hidden/x.png", "notes.txt", "b/.y.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "folder.png").mkdir()
    assert listing(str(tmp_path)) == ["a.jpg", "b/1.png", "b/2.PNG"]


def test_textures_count_by_their_content(tmp_path):
    digests = []
    for folder, content in (("one", b"x"), ("two", b"x"), ("three", b"y")):
        (tmp_path / folder).mkdir()
        for number in range(3):
            (tmp_path / folder / f"{number}.png").write_bytes(content)
        text = f'extends = "scenes-texture"\nname = "mine"\n[scenes]\ntextures = "{folder}"\n'
        (tmp_path / f"{folder}.toml").write_text(text)
        found = presets.load(str(tmp_path / f"{folder}.toml"))
        assert found.scenes.textures == str(tmp_path / folder)
        digests.append(presets.digest(found))
    assert digests[0] == digests[1] != digests[2]
    (tmp_path / "two" / "0.png").rename(tmp_path / "two" / "9.png")
    assert presets.digest(presets.load(str(tmp_path / "two.toml"))) != digests[1]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("scenes.textures=/nowhere", "a folder that does not exist"),
        ("camera.fov=30", "'camera' has no effect with product scenes"),
        ('images=["depth"]', "'images' has no effect with product scenes"),
        ("mesh.most_faces=9", "'mesh' has no effect with product scenes"),
        ("scenes.class_idxs=[1,1]", "has a duplicate"),
        ("scenes.objects=40", "1 to 32"),
    ],
)  # fmt: skip
def test_contradictions(setting, message):
    with pytest.raises(PresetInvalid, match=message):
        presets.load("scenes-multi", [setting])


TWELVE = ("0-0-0-0", "1-0-0-0", "0-1-0-0", "0-0-1-0", "0-0-0-1", "1-1-0-0", "0-1-1-0", "0-1-0-1",
          "0-1-1-1", "1-1-1-0", "1-0-1-1", "1-1-1-1")  # fmt: skip


def test_the_twelve_single_object_sets_are_there():
    """Texture, colour, viewpoint, lighting: varied or not."""
    found = {}
    for name in presets.names():
        made = presets.load(name)
        if made.product == "scenes" and made.scenes.objects == 1:
            keys = made.scenes
            varied = (keys.texture, not keys.class_colours, keys.viewpoint > 0, keys.lighting > 0)
            found["-".join(str(int(each)) for each in varied)] = made
    assert set(found) == set(TWELVE)
    for digits, made in found.items():
        assert made.follows.endswith(digits)
        assert (made.views, made.resolution, made.samples) == (20, (128, 128), 32)
        assert made.scenes.viewpoint in (0, 0.5)
        assert made.scenes.lighting in (0, 2)
        assert (made.scenes.warp, made.scenes.colour_variation) == (0.1, 0.2)


def test_a_classs_colour_is_neither_grey_nor_dark():
    plain = recipe("scenes-plain")
    hsv = np.array([scene_draws.class_colour(plain, number) for number in range(MANY)])
    for values, low in zip(hsv.T, (0.0, 0.2, 0.6), strict=True):
        assert values.min() == pytest.approx(low, abs=0.02)
        assert values.min() >= low
        assert values.max() == pytest.approx(1.0, abs=0.02)


def test_a_hue_varies_by_three_tenths_of_what_the_rest_does():
    plain = recipe("scenes-plain", "scenes.colour_variation=0.05")
    number = next(
        n for n in range(MANY) if 0.4 < scene_draws.class_colour(plain, n)[1] < 0.7
        and 0.7 < scene_draws.class_colour(plain, n)[2] < 0.85
    )  # fmt: skip
    colours = [scene_draws.looks(plain, idx, [number], 0)[1].colour for idx in range(MANY)]
    off = np.array([colorsys.rgb_to_hsv(*colour[:3]) for colour in colours])
    off -= scene_draws.class_colour(plain, number)
    off[:, 0] = (off[:, 0] + 0.5) % 1 - 0.5  # a hue is an angle
    assert off.std(axis=0) == pytest.approx((0.015, 0.05, 0.05), rel=0.15)


def test_each_sample_has_noise_of_its_own_that_blender_takes():
    seeds = [scene_draws.cycles_seed(recipe("scenes-plain"), idx) for idx in range(100)]
    assert len(set(seeds)) == 100
    assert all(0 <= seed < 1 << 31 for seed in seeds)
    assert seeds[7] == scene_draws.cycles_seed(recipe("scenes-plain"), 7)
    assert seeds[7] != scene_draws.cycles_seed(recipe("scenes-plain", "seed=1"), 7)


@pytest.mark.parametrize("low", [-0.3, -0.05])
def test_the_lowest_point_stands_a_hair_above_the_floor(low):
    floor = recipe("scenes-floor")
    ((_, _, z),) = places.places(floor, 0, [scene_draws.form(floor, 0, 0)], [UNIT], [low])
    above = z + low - places.floor_height(floor)
    assert above == pytest.approx(1e-4, abs=1e-6), "in one plane it would be seen through the floor"
