"""Every camera layout: where it puts the cameras, and how they are fitted to an object."""

import dataclasses
import math
import random

import numpy as np
import pytest

from worker.contract import camera_layouts
from worker.contract.recipe import CAMERA_LAYOUTS, Camera
from worker.contract.schema import RecipeError

MANY = 2000
WIDE = (640, 360)
TALL = (300, 700)


def drawn(camera, views=MANY, resolution=(512, 512), seed=5, support=None):
    return camera_layouts.viewpoints(camera, views, resolution, random.Random(seed), support)


def places(camera, views=MANY, seed=5):
    return np.array([view.camera_to_world[:3, 3] for view in drawn(camera, views, seed=seed)])


def angles(points):
    """Elevation in -90..90 and azimuth in 0..360 degrees."""
    radius = np.linalg.norm(points, axis=1)
    turn = np.degrees(np.arctan2(points[:, 1], points[:, 0])) % 360
    return np.degrees(np.arcsin(points[:, 2] / radius)), turn


def shares(values, low, high, bins=10):
    return np.histogram(values, bins=bins, range=(low, high))[0] / len(values)


def test_the_recipe_and_the_table_name_the_same_layouts():
    assert {*camera_layouts.CAMERA_LAYOUTS, "file"} == set(CAMERA_LAYOUTS)


def test_sphere_is_uniform_at_its_distance():
    points = places(Camera(layout="sphere", radius=(2.0, 2.0)))
    assert np.allclose(np.linalg.norm(points, axis=1), 2.0)
    assert np.abs(shares(points[:, 2], -2, 2) - 0.1).max() < 0.03
    assert np.abs(shares(angles(points)[1], 0, 360) - 0.1).max() < 0.03


def test_hemisphere_is_uniform_above_the_horizon():
    points = places(Camera(layout="hemisphere", radius=(2.0, 2.0)))
    assert points[:, 2].min() >= 0
    assert np.abs(shares(points[:, 2], 0, 2) - 0.1).max() < 0.03


@pytest.mark.parametrize("views", [1, 24, 150])
def test_hammersley_spreads_better_than_chance(views):
    camera = Camera(layout="hammersley", radius=(2.0, 2.0))
    points = places(camera, views)
    assert np.allclose(np.linalg.norm(points, axis=1), 2.0)
    # One view in each of as many bands of equal area as there are views.
    bands = np.floor((points[:, 2] / 2 + 1) / 2 * views - 1e-9).astype(int)
    assert sorted(np.clip(bands, 0, views - 1)) == list(range(views))
    if views > 1:
        nearest = [np.sort(np.linalg.norm(points - point, axis=1))[1] for point in points]
        chance = places(Camera(layout="sphere", radius=(2.0, 2.0)), views)
        by_chance = [np.sort(np.linalg.norm(chance - point, axis=1))[1] for point in chance]
        assert min(nearest) > 3 * min(by_chance)


def test_hammersley_is_trellis_own_formula():
    # dataset_toolkits/utils.py: u = (i + o0) / n, v = vdc(i) + o1, u remapped about 1/4,
    # pitch = acos(1 - 2 u) - pi / 2, yaw = 2 pi v.
    views, source = 150, random.Random(5)
    offset = source.random(), source.random()
    points = places(Camera(layout="hammersley", radius=(2.0, 2.0), share_below=0.25), views)
    for number, bits in (
        (0, 0.0),
        (1, 0.5),
        (2, 0.25),
        (3, 0.75),
        (6, 0.375),
        (149, 0b10101001 / 256),
    ):
        along = (number + offset[0]) / views
        along = 2 * along if along < 0.25 else 2 / 3 * along + 1 / 3
        pitch = math.acos(1 - 2 * along) - math.pi / 2
        yaw = 2 * math.pi * (bits + offset[1])
        wanted = [math.cos(pitch) * math.cos(yaw), math.cos(pitch) * math.sin(yaw), math.sin(pitch)]
        assert np.allclose(points[number], 2 * np.array(wanted))
    assert (points[:, 2] < 0).mean() == pytest.approx(0.25, abs=0.01)


def test_hammersley_is_shifted_for_each_object():
    camera = Camera(layout="hammersley")
    assert not np.allclose(places(camera, 8, seed=1), places(camera, 8, seed=2))


def test_turntable_goes_evenly_round_and_level():
    level = Camera(layout="turntable", radius=(2.0, 2.0), elevation=(20.0, 20.0), azimuth=-90.0)
    elevation, azimuth = angles(places(level, 36))
    assert np.allclose(elevation, 20.0)
    assert np.allclose(azimuth, (270 + 10 * np.arange(36)) % 360)
    rising, _ = angles(places(Camera(layout="turntable", elevation=(-10.0, 40.0)), 51))
    assert np.allclose(rising, np.arange(-10, 41))


def test_ring_goes_evenly_round_at_elevations_drawn():
    elevation, azimuth = angles(places(Camera(layout="ring", elevation=(10.0, 30.0)), 500))
    assert np.allclose(np.diff(azimuth), 360 / 500)
    assert np.abs(shares(elevation, 10, 30, 4) - 0.25).max() < 0.06


@pytest.mark.parametrize("baseline", [0.0, 0.1])
def test_the_last_views_may_be_on_a_ring(baseline):
    camera = Camera(layout="sphere", radius=(2.0, 2.0), elevation=(20.0, 20.0), baseline=baseline)
    eyes = camera_layouts.eyes(camera)
    made = camera_layouts.viewpoints(camera, 50 * eyes, (64, 64), random.Random(5), ring=12 * eyes)
    seen = np.array([view.camera_to_world[:3, 3] for view in made])
    centres = seen.reshape(50, eyes, 3).mean(1)  # of each pair
    elevation, azimuth = angles(centres[-12:])
    assert np.allclose(elevation, 20)
    assert np.allclose(azimuth, np.arange(12) * 30)
    assert np.allclose(np.linalg.norm(centres, axis=1), 2.0)
    # The others are those that the layout alone places.
    alone = places(camera, 38 * eyes).reshape(38, eyes, 3).mean(1)
    np.testing.assert_array_equal(centres[:-12], alone)


def test_get3d_draws_rotation_and_elevation():
    points = places(Camera(layout="get3d", radius=(1.2, 1.2), elevation=(0.0, 30.0)))
    elevation, azimuth = angles(points)
    assert np.allclose(np.linalg.norm(points, axis=1), 1.2)
    assert np.abs(shares(elevation, 0, 30) - 0.1).max() < 0.03
    assert np.abs(shares(azimuth, 0, 360) - 0.1).max() < 0.03
    source = random.Random(5)  # a camera at (0, 1.2, 0), raised about X, then turned about Z
    turn, rise = math.radians(source.uniform(0, 360)), math.radians(source.uniform(0, 30))
    raised = np.array([0, 1.2 * math.cos(rise), 1.2 * math.sin(rise)])
    turned = [-math.sin(turn) * raised[1], math.cos(turn) * raised[1], raised[2]]
    assert np.allclose(points[0], turned)


def test_fixed_takes_the_places_in_turn():
    camera = Camera(layout="fixed", fixed=((0.0, -2.0, 0.0), (3.0, 0.0, 1.0)))
    assert np.allclose(places(camera, 3), [[0, -2, 0], [3, 0, 1], [0, -2, 0]])


@pytest.mark.parametrize("layout", camera_layouts.CAMERA_LAYOUTS)
def test_northern_holds_for_every_layout(layout):
    camera = Camera(
        layout=layout, northern=True, elevation=(-60.0, 60.0), fixed=((0.0, 1.0, -1.0),)
    )
    if layout == "list":
        camera = dataclasses.replace(camera, azimuths=(0.0, 90.0), elevations=(-60.0, 60.0))
    assert places(camera, 50)[:, 2].min() >= 0.0


def fovs(camera):
    return np.array([2 * math.atan(256 / view.intrinsics[0, 0]) for view in drawn(camera)])


def test_fov_is_drawn_by_its_law():
    angle = np.degrees(fovs(Camera(fov=(10.0, 70.0))))
    assert np.abs(shares(angle, 10, 70) - 0.1).max() < 0.03
    squares = np.sin(fovs(Camera(fov=(10.0, 70.0), fov_law="sine-squared")) / 2) ** 2
    low, high = (math.sin(math.radians(end)) ** 2 for end in (5, 35))
    assert np.abs(shares(squares, low, high) - 0.1).max() < 0.03


def test_cube_distance_is_trellis_radius():
    # render_cond.py: radius = sqrt(3) / 2 / sin(fov / 2), so 1 / radius^2 is uniform
    camera = Camera(layout="hammersley", fov=(10.0, 70.0), fov_law="sine-squared", distance="cube")
    radius = np.linalg.norm(places(camera), axis=1)
    assert np.allclose(radius, math.sqrt(3) / 2 / np.sin(fovs(camera) / 2))
    assert np.abs(shares(1 / radius**2, *(math.sin(math.radians(a)) ** 2 * 4 / 3 for a in (5, 35)))
                  - 0.1).max() < 0.03  # fmt: skip


def cloud(seed):
    random_ = np.random.default_rng(seed)
    return random_.uniform(-0.5, 0.5, (400, 3)) * random_.uniform(0.05, 1.0, 3)


def seen(view, points):
    """Pixel coordinates (N,2) and depth (N,)."""
    pose = np.linalg.inv(view.camera_to_world)
    local = (points @ pose[:3, :3].T + pose[:3, 3]) * [1, -1, -1]
    if view.projection == "orthographic":
        local[:, 2], depth = 1.0, local[:, 2].copy()
    else:
        depth = local[:, 2]
    pixels = local @ view.intrinsics.T
    return pixels[:, :2] / pixels[:, 2:], depth


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
@pytest.mark.parametrize("resolution", [(512, 512), WIDE, TALL])
@pytest.mark.parametrize("margin", [0.0, 0.1])
def test_a_fitted_object_fills_the_frame_and_is_never_cropped(projection, resolution, margin):
    camera = Camera(
        layout="sphere",
        projection=projection,
        distance="fit",
        margin=(margin, margin),
        fov=(20.0, 90.0),
    )
    for seed in range(20):
        points = cloud(seed)
        views = drawn(
            camera, 3, resolution, seed, lambda ways, points=points: (points @ ways.T).max(axis=0)
        )
        for view in views:
            pixels, depth = seen(view, points)
            assert depth.min() > 0
            half = np.array(resolution) / 2
            used = np.abs(pixels - half) / half
            assert used.max() == pytest.approx(1 - margin, abs=1e-6)


@pytest.mark.parametrize("resolution", [(512, 512), WIDE, TALL])
@pytest.mark.parametrize("camera", [
    Camera(),
    Camera(layout="fixed", fixed=((0, -2, 0.5), (1, 1, -3))),
    Camera(layout="hammersley", distance="cube", fov=(10.0, 70.0), fov_law="sine-squared"),
    Camera(layout="sphere", distance="fit", fov=(20.0, 90.0)),
    Camera(layout="sphere", distance="fit", fov=(176.0, 178.0), margin=(0.0, 0.0)),
    Camera(layout="sphere", projection="orthographic"),
    Camera(layout="sphere", projection="orthographic", distance="fit"),
    Camera(layout="sphere", projection="orthographic", distance="fit", radius=(0.1, 0.1)),
])  # fmt: skip
def test_no_camera_is_farther_than_the_farthest_and_one_is_near_it(camera, resolution):
    reach = 0.8

    def ball(ways):
        return reach * np.linalg.norm(ways, axis=1)

    bound = camera_layouts.farthest(camera, resolution, reach)
    views = drawn(camera, resolution=resolution, support=ball)
    distances = [np.linalg.norm(view.camera_to_world[:3, 3]) for view in views]
    assert 0.97 * bound <= max(distances) <= bound * (1 + 1e-9)


def test_a_fit_without_an_object_says_so():
    with pytest.raises(RecipeError, match="fit"):
        drawn(Camera(distance="fit"), 1)


def test_orthographic_k_is_pixels_per_world_unit():
    view = drawn(Camera(projection="orthographic", ortho_scale=2.0), 1, (400, 200))[0]
    assert np.allclose(view.intrinsics, [[200, 0, 200], [0, 200, 100], [0, 0, 1]])
    assert view.projection == "orthographic"


@pytest.mark.parametrize(
    ("camera", "words"),
    [
        (Camera(fov=(60.0, 20.0)), ["camera.fov", "[60, 20]", "smaller value first"]),
        (Camera(elevation=(30.0, 0.0)), ["camera.elevation", "[30, 0]", "smaller value first"]),
        (Camera(layout="fixed"), ["camera.fixed", "empty"]),
        (Camera(layout="fixed", fixed=((0.0, 0.0, 0.0),)), ["camera.fixed", "origin"]),
        (Camera(distance="cube", projection="orthographic"), ["camera.distance", "fit"]),
    ],
)
def test_contradictions_are_refused(camera, words):
    with pytest.raises(RecipeError) as raised:
        drawn(camera, 1)
    assert all(word in str(raised.value) for word in words)


@pytest.mark.parametrize("layout", ["shell", "sphere", "hemisphere", "get3d", "fixed"])
def test_layouts_that_draw_each_view_begin_alike(layout):
    camera = Camera(layout=layout, fixed=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), fov=(20.0, 60.0))
    for few, many in zip(drawn(camera, 3), drawn(camera, 9)[:3], strict=True):
        assert np.array_equal(few.camera_to_world, many.camera_to_world)
        assert np.array_equal(few.intrinsics, many.intrinsics)


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
def test_a_camera_stands_before_a_needle_that_points_at_it(projection):
    """All of it lies on the camera's axis, so that the frame asks for no distance."""
    camera = Camera(
        layout="fixed", fixed=((0.0, -0.1, 0.0),), distance="fit", projection=projection
    )
    needle = np.array([[0.0, -0.5, 0.0], [0.0, 0.5, 0.0]])
    (view,) = drawn(camera, 1, support=lambda ways: (ways @ needle.T).max(axis=1))
    assert view.camera_to_world[1, 3] < -0.5 * 1.0001
