"""Farthest-point sampling: as exact as comparing all with all, without doing so."""

import itertools

import numpy as np
import pytest

from worker.export.clouds.farthest import farthest_points


def sphere(count, seed=0):
    points = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True) / 2


def clumped(count):
    rng = np.random.default_rng(1)
    dense = rng.normal(0, 1e-3, (count - 50, 3))
    return np.concatenate([dense, rng.uniform(-1, 1, (50, 3))]).astype(np.float32)


def flat(count):
    x, y = np.meshgrid(np.arange(int(count**0.5)), np.arange(int(count**0.5)))
    return np.stack([x, y, np.zeros_like(x)], -1).reshape(-1, 3).astype(np.float32)


@pytest.mark.parametrize("points", [sphere(3000), clumped(3000), flat(2500), sphere(257)])
def test_every_point_is_the_farthest_from_those_before(points):
    chosen = farthest_points(points, 200)
    assert chosen[0] == 0
    assert len(set(chosen)) == 200
    nearest = np.full(len(points), np.inf)
    for before, this in itertools.pairwise(chosen):
        gap = ((points - points[before]).astype(np.float64) ** 2).sum(axis=1)
        nearest = np.minimum(nearest, gap)
        assert nearest[this] == pytest.approx(nearest.max(), rel=1e-5)


def test_a_longer_choice_begins_with_the_shorter_one():
    points = sphere(5000)
    assert np.array_equal(farthest_points(points, 900)[:100], farthest_points(points, 100))


def test_all_points_are_kept_where_there_are_no_more():
    assert np.array_equal(farthest_points(sphere(10), 10), np.arange(10))
    assert np.array_equal(farthest_points(sphere(10), 11), np.arange(10))


def test_points_that_are_all_the_same_do_no_harm():
    chosen = farthest_points(np.ones((1000, 3), np.float32), 20)
    assert len(chosen) == 20
