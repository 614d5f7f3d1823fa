"""Where the cameras of each layout stand, by their own formulas; and that a fitted object fits."""

import math
import random

import numpy as np
import pytest

from worker.contract import camera_layouts
from worker.contract.recipe import Camera


def places(layout, views=24, resolution=(64, 64), **keys):
    """(N,3) where the cameras stand, and the viewpoints."""
    camera = Camera(layout=layout, **keys)
    found = camera_layouts.viewpoints(camera, views, resolution, random.Random(7))
    for point in found:
        pose = point.camera_to_world
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
        assert np.linalg.det(pose[:3, :3]) > 0
        # It looks at the origin, its x level.
        away = pose[:3, 3] / np.linalg.norm(pose[:3, 3])
        np.testing.assert_allclose(pose[:3, 2], away, atol=1e-12)
        assert abs(pose[2, 0]) < 1e-12
        assert pose[2, 1] >= -1e-12
    return np.array([point.camera_to_world[:3, 3] for point in found])


def spherical(points):
    radius = np.linalg.norm(points, axis=1)
    return (
        radius,
        np.degrees(np.arcsin(points[:, 2] / radius)),
        np.degrees(np.arctan2(points[:, 1], points[:, 0])) % 360,
    )


def test_ring_and_turntable():
    radius, _, turn = spherical(places("ring", radius=(2.0, 2.0), azimuth=30.0))
    np.testing.assert_allclose(radius, 2.0)
    np.testing.assert_allclose(np.unwrap(turn, period=360), 30 + np.arange(24) * 15, atol=1e-9)
    _, height, turn = spherical(places("turntable", elevation=(-10.0, 36.0)))
    np.testing.assert_allclose(height, np.linspace(-10, 36, 24), atol=1e-9)
    np.testing.assert_allclose(np.diff(turn), 15, atol=1e-9)


def test_get3d_draws_both_angles_within_its_range():
    points = places("get3d", views=1000, radius=(1.2, 1.2), elevation=(0.0, 30.0))
    radius, height, turn = spherical(points)
    np.testing.assert_allclose(radius, 1.2)
    assert (height.min(), height.max()) == pytest.approx((0, 30), abs=0.3)
    assert height.mean() == pytest.approx(15, abs=1.0)  # uniform in the angle
    assert np.histogram(turn, 8, (0, 360))[0].min() > 90


@pytest.mark.parametrize("layout", ["shell", "sphere"])
def test_directions_are_uniform(layout):
    points = places(layout, views=1000, radius=(1.5, 2.2), max_height=1000.0)
    radius, _, turn = spherical(points)
    assert (radius.min(), radius.max()) == pytest.approx((1.5, 2.2), abs=0.02)
    for histogram in (
        np.histogram(points[:, 2] / radius, 10, (-1, 1))[0],
        np.histogram(turn, 10, (0, 360))[0],
        np.histogram(radius, 10, (1.5, 2.2))[0],
    ):
        assert ((histogram - 100) ** 2 / 100).sum() < 27.9  # chi squared, 9 degrees, 0.1 %


def test_the_shells_height_is_bounded_and_north_is_up():
    assert np.abs(places("shell", views=500, max_height=0.5)[:, 2]).max() <= 0.5
    assert places("shell", views=200, northern=True)[:, 2].min() >= 0
    assert places("hemisphere", views=200)[:, 2].min() >= 0


def test_hammersley_is_spread_more_evenly_than_chance():
    def gaps(points):
        away = points / np.linalg.norm(points, axis=1, keepdims=True)
        close = np.arccos(np.clip(away @ away.T, -1, 1)) + 10 * np.eye(len(points))
        return np.quantile(close.min(axis=1), 0.1)

    quarter = {"share_below": 0.25}
    even, chance = (gaps(places(name, views=150, **quarter)) for name in ("hammersley", "sphere"))
    assert even > 2 * chance
    points = places("hammersley", views=150, **quarter)
    radius, _, turn = spherical(points)
    height = points[:, 2] / radius
    # One view in each of the equal steps of its height, a quarter of them below the horizon.
    below = height < 0
    assert below.mean() == pytest.approx(0.25, abs=0.01)
    steps = np.sort(np.where(below, (height + 1) / 4, 0.25 + 0.75 * height))
    np.testing.assert_allclose(np.diff(steps), 1 / 150, atol=1e-9)
    # Turns: van der Corput's sequence, whatever its start.
    corput = [int(f"{n:b}"[::-1], 2) / (1 << len(f"{n:b}")) for n in range(150)]
    start = (turn[0] / 360 - corput[0]) % 1
    off = (np.array(corput) + start - turn / 360 + 0.5) % 1 - 0.5
    np.testing.assert_allclose(off, 0, atol=1e-9)


def test_fixed_places_are_taken_in_turn():
    asked = ((0.0, -2.0, 0.5), (1.0, 1.0, 1.0))
    np.testing.assert_allclose(places("fixed", views=4, fixed=asked), [*asked, *asked])


@pytest.mark.parametrize("fov", [20.0, 40.0, 75.0])
def test_the_cubes_sphere_touches_the_field_of_view(fov):
    radius = spherical(places("sphere", distance="cube", fov=(fov, fov)))[0]
    np.testing.assert_allclose(radius, math.sqrt(3) / 2 / math.sin(math.radians(fov / 2)))


@pytest.mark.parametrize("projection", ["perspective", "orthographic"])
@pytest.mark.parametrize("resolution", [[96, 64], [64, 96]])
@pytest.mark.parametrize("name", ["plain.glb", "instances.blend", "pawn.glb"])
def test_a_fitted_object_fills_the_frame_and_is_never_cropped(studio, name, projection, resolution):
    camera = {"distance": "fit", "margin": 0.1, "projection": projection}
    shot = studio.shoot(name, views=4, samples=4, resolution=resolution, camera=camera)
    width, height = resolution
    for number in range(4):
        rows, columns = np.nonzero(shot.raw(number)[..., 3] > 0)
        low = np.array([columns.min(), rows.min()]) / resolution
        high = np.array([columns.max() + 1, rows.max() + 1]) / resolution
        reach = np.maximum(np.abs(2 * low - 1), np.abs(2 * high - 1))
        # Of half the frame it takes 0.9, in one direction wholly, to the pixel.
        assert (reach <= 0.9 + 2.5 / np.array([width, height])).all()
        assert reach.max() >= 0.9 - 2.5 / min(width, height)
