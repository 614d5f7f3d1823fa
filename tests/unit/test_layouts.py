import dataclasses
import math
import random

import numpy as np
import pytest

from worker.contract import camera_layouts
from worker.contract.random_streams import random_colour, stream
from worker.contract.recipe import Camera, Recipe
from worker.contract.schema import RecipeError

UID = "e04abf68-db32-5fe7-a41f-01eed86d3a71"
MANY = 3000


def drawn(camera: Camera, views: int = MANY, resolution: tuple[int, int] = (512, 512)):
    return camera_layouts.viewpoints(camera, views, resolution, random.Random(5))


def test_shell_is_uniform_in_direction_and_distance():
    places = np.array([view.camera_to_world[:3, 3] for view in drawn(Camera())])
    radius = np.linalg.norm(places, axis=1)
    assert radius.min() >= 1.5
    assert radius.max() <= 2.2
    for values, low, high in (
        (radius, 1.5, 2.2),
        (places[:, 2] / radius, -1.0, 1.0),
        (np.arctan2(places[:, 1], places[:, 0]), -math.pi, math.pi),
    ):
        shares = np.histogram(values, bins=10, range=(low, high))[0] / MANY
        assert np.abs(shares - 0.1).max() < 0.025


def test_shell_stays_below_the_height_and_above_the_ground():
    low = [view.camera_to_world[2, 3] for view in drawn(Camera(max_height=0.5))]
    assert max(low) <= 0.5
    assert min(low) < -0.4
    assert min(view.camera_to_world[2, 3] for view in drawn(Camera(northern=True))) >= 0.0


def test_northern_only_drops_the_sign():
    for both, north in zip(drawn(Camera(), 20), drawn(Camera(northern=True), 20), strict=True):
        a, b = both.camera_to_world[:3, 3], north.camera_to_world[:3, 3]
        assert np.allclose([a[0], a[1], abs(a[2])], b)


def test_every_camera_looks_at_the_origin_with_z_up():
    for view in drawn(Camera(), 50):
        turn, place = view.camera_to_world[:3, :3], view.camera_to_world[:3, 3]
        assert np.allclose(turn @ turn.T, np.eye(3))
        assert np.linalg.det(turn) == pytest.approx(1.0)
        assert np.allclose(-turn[:, 2] * np.linalg.norm(place), -place)
        assert turn[2, 0] == pytest.approx(0.0)
        assert turn[2, 1] >= 0.0


@pytest.mark.parametrize("height", [2.0, -2.0])
def test_straight_above_and_below_have_a_frame_too(height):
    turn = camera_layouts.look_at_origin(np.array([0.0, 0.0, height]))[:3, :3]
    assert np.allclose(turn[:, 0], [1, 0, 0])
    assert np.linalg.det(turn) == pytest.approx(1.0)


def test_intrinsics_are_those_of_a_35_mm_lens_on_a_32_mm_sensor():
    fov = math.degrees(2 * math.atan(16 / 35))
    k = camera_layouts.intrinsics(fov, 512, 256)
    assert np.allclose(k, [[560, 0, 256], [0, 560, 128], [0, 0, 1]])


def test_more_views_begin_with_the_same_ones():
    for few, many in zip(drawn(Camera(), 3), drawn(Camera(), 9)[:3], strict=True):
        assert np.array_equal(few.camera_to_world, many.camera_to_world)


@pytest.mark.parametrize(
    ("camera", "name"),
    [
        (Camera(radius=(2.0, 1.0)), "camera.radius"),
        (Camera(radius=(0.0, 1.0)), "camera.radius"),
        (Camera(max_height=0.0), "camera.max_height"),
    ],
)
def test_a_place_that_does_not_exist_is_refused(camera, name):
    with pytest.raises(RecipeError, match=name):
        drawn(camera, 1)


def test_streams_never_change():
    # Written down once: every worker, Python and Blender must draw these very numbers.
    recipe = Recipe(name="objaverse-xl")
    assert stream(UID, recipe, "cameras").random() == 0.8057590975002752
    assert random_colour(stream(UID, recipe, "colour")) == (
        0.08802582393804648,
        0.39499649962788863,
        0.07155304355578995,
        1.0,
    )


def test_streams_are_independent_of_each_other():
    recipe = Recipe()
    firsts = {
        stream(uid, recipe_, name).random()
        for uid in (UID, UID[::-1])
        for recipe_ in (
            recipe,
            dataclasses.replace(recipe, seed=1),
            dataclasses.replace(recipe, name="b"),
        )
        for name in ("cameras", "lights", "colour")
    }
    assert len(firsts) == 18
