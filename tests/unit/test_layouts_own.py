"""Cameras of one's own: lists of angles, a target, a roll, one distance for all, stereo pairs."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from worker import presets
from worker.contract import camera_layouts
from worker.contract.recipe import Camera

WIDE = (640, 360)
BOX = np.array(list(itertools.product((-0.3, 0.7), (-0.2, 0.4), (-0.4, -0.2))))
ANGLES = {"azimuths": (30.0, 90.0, 200.0, -45.0), "elevations": (20.0, -10.0, 90.0, -90.0)}


def support(directions):
    """How far the box reaches along each direction from the origin."""
    return (directions @ BOX.T).max(axis=1)


def shots(views=4, resolution=WIDE, seed=5, **keys):
    camera = Camera(**{"layout": "list", **ANGLES, **keys})
    return camera_layouts.viewpoints(camera, views, resolution, random.Random(seed), support)


def pixels(view, points=BOX):
    """Where the points fall, by the stored matrices alone (N,2)."""
    pose, k = view.camera_to_world, view.intrinsics
    local = (points - pose[:3, 3]) @ pose[:3, :3] * [1, -1, -1]
    flat = local if view.projection == "orthographic" else local / local[:, 2:]
    return flat[:, :2] * [k[0, 0], k[1, 1]] + k[:2, 2]


def filled(view, points=BOX):
    """The largest share of half the frame that the points reach, by axis (2,)."""
    half = np.array([view.width, view.height]) / 2
    return np.abs((pixels(view, points) - half) / half).max(axis=0)


def test_a_list_has_its_angles_in_order():
    for view, azimuth, elevation in zip(shots(radius=(2.0, 2.0)), *ANGLES.values(), strict=True):
        a, e = math.radians(azimuth), math.radians(elevation)
        wanted = [math.cos(e) * math.cos(a), math.cos(e) * math.sin(a), math.sin(e)]
        assert np.allclose(view.camera_to_world[:3, 3], np.multiply(2.0, wanted))
        assert np.allclose(view.camera_to_world[:3, 2], wanted)
    turned = shots(azimuth=-90.0, azimuths=(120.0,), elevations=(0.0, 30.0), views=2)
    for view in turned:
        x, y, _ = view.camera_to_world[:3, 2]
        assert math.degrees(math.atan2(y, x)) == pytest.approx(30.0)


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
@pytest.mark.parametrize("baseline", [0.0, 0.4])
@pytest.mark.parametrize("target", [(0.0, 0.0, 0.0), (0.2, 0.1, -0.3)])
def test_one_distance_fits_all_and_is_no_longer_than_needed(projection, baseline, target):
    keys = {"projection": projection, "baseline": baseline, "target": target, "margin": (0.1, 0.1)}
    count = 8 if baseline else 4
    alike = shots(count, distance="fit-all", **keys)
    own = shots(count, distance="fit", **keys)
    middles = [np.linalg.norm(view.camera_to_world[:3, 3] - target) for view in alike]
    assert np.ptp(middles) < 1e-12
    assert len({view.intrinsics[0, 0] for view in alike}) == 1
    most = [filled(view).max() for view in alike]
    assert max(most) == pytest.approx(0.9)
    assert max(filled(view).max() for view in own) == pytest.approx(0.9)
    assert min(most) < 0.89
    if not baseline:
        assert [filled(view).max() for view in own] == pytest.approx([0.9] * 4)


def test_cameras_look_at_the_target_from_their_distance():
    target = np.array([0.3, -0.2, 0.5])
    for view in shots(target=tuple(target), radius=(1.5, 1.5)):
        away = view.camera_to_world[:3, 3] - target
        assert np.linalg.norm(away) == pytest.approx(1.5)
        assert np.allclose(pixels(view, target[None]), [[320, 180]])
    (fixed,) = shots(1, layout="fixed", fixed=((1.0, 2.0, 3.0),), target=tuple(target),
                     azimuths=(), elevations=())  # fmt: skip
    assert np.allclose(fixed.camera_to_world[:3, 3], [1, 2, 3])
    assert np.allclose(pixels(fixed, target[None]), [[320, 180]])


def test_a_camera_rolled_anticlockwise_shows_the_object_turned_clockwise():
    for level, rolled in zip(shots(), shots(roll=(90.0, 90.0)), strict=True):
        before, after = (pixels(view) - [320, 180] for view in (level, rolled))
        assert np.allclose(after, np.stack([-before[:, 1], before[:, 0]], axis=1))
        assert np.allclose(level.camera_to_world[:3, 2:], rolled.camera_to_world[:3, 2:])
    half = shots(roll=(0.0, 180.0), distance="fit")
    assert [filled(view).max() for view in half] == pytest.approx([0.95] * 4)


def test_a_fixed_roll_or_none_leaves_what_is_drawn():
    drawn = {"radius": (1.0, 2.0), "fov": (20.0, 60.0), "margin": (0.0, 0.3)}
    for one, other in zip(shots(**drawn), shots(roll=(30.0, 30.0), **drawn), strict=True):
        assert np.array_equal(one.camera_to_world[:3, 3], other.camera_to_world[:3, 3])
        assert np.array_equal(one.intrinsics, other.intrinsics)


def test_a_pair_is_parallel_and_its_baseline_apart():
    middle = shots(4)
    pairs = shots(8, baseline=0.25)
    for seen, left, right in zip(middle, pairs[::2], pairs[1::2], strict=True):
        a, b = left.camera_to_world, right.camera_to_world
        assert np.array_equal(a[:3, :3], b[:3, :3])
        assert np.allclose(b[:3, 3] - a[:3, 3], 0.25 * a[:3, 0])
        assert np.allclose((a + b) / 2, seen.camera_to_world)
        depth = -((BOX - a[:3, 3]) @ a[:3, 2])
        shift = pixels(left) - pixels(right)
        assert np.allclose(shift[:, 0], left.intrinsics[0, 0] * 0.25 / depth)  # the disparity
        assert np.allclose(shift[:, 1], 0.0)


def test_a_shell_stays_above_its_lowest_height():
    heights = [
        view.camera_to_world[2, 3]
        for view in shots(500, layout="shell", azimuths=(), elevations=(), radius=(1.9, 2.6),
                          max_height=1.6, min_height=-0.75)
    ]  # fmt: skip
    assert min(heights) >= -0.75
    assert max(heights) <= 1.6
    assert min(heights) < -0.7
    assert max(heights) > 1.5


@pytest.mark.parametrize(
    "keys",
    [
        {"distance": "fit"}, {"distance": "fit-all"}, {"distance": "drawn"},
        {"distance": "fit", "projection": "orthographic"},
        {"distance": "fit-all", "baseline": 0.4}, {"distance": "fit", "target": (0.4, 0.0, 0.2)},
        {"distance": "fit-all", "projection": "orthographic", "target": (0.4, 0.0, 0.2)},
        {"layout": "fixed", "fixed": ((1.0, 2.0, 3.0),), "azimuths": (), "elevations": ()},
    ],
)  # fmt: skip
def test_no_camera_is_farther_than_the_farthest(keys):
    camera = Camera(**{"layout": "list", **ANGLES, **keys})
    reach = float(np.linalg.norm(BOX, axis=1).max())
    most = camera_layouts.farthest(camera, WIDE, reach)
    for view in shots(8, **keys):
        back, place = view.camera_to_world[:3, 2:].T
        depths = (place - BOX) @ back
        assert depths.max() <= most + reach


def test_views_are_as_many_as_are_listed(tmp_path):
    listing = ["camera.layout=list", "camera.azimuths=[0,90,180]", "camera.elevations=[20]"]
    assert presets.load("default", listing).views == 3
    assert presets.load("default", [*listing, "camera.baseline=0.1"]).views == 6
    assert presets.load("default", [*listing, "views=3"]).views == 3
    assert presets.load("default", ["views=3", *listing]).views == 3
    file = tmp_path / "mine.toml"
    file.write_text(
        'extends = "default"\n[camera]\nlayout = "list"\nazimuths = [0, 10]\nelevations = [5]\n'
    )
    assert presets.load(str(file)).views == 2
    assert presets.load(str(file), ["camera.azimuths=[1,2,3,4]"]).views == 4
    assert presets.load(str(file), ["camera.radius=3"]).views == 2
    child = tmp_path / "child.toml"
    child.write_text('extends = "mine.toml"\n[camera]\nbaseline = 0.1\n')
    assert presets.load(str(child)).views == 4
    back = ["camera.layout=ring", "camera.azimuths=[]", "camera.elevations=[]"]
    assert presets.load(str(file), [*back, "views=7"]).views == 7
