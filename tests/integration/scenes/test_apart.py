"""Objects of a scene never intersect: by their meshes where they stand, and by depth along rays."""

import itertools

import numpy as np
import pytest

from tests.integration.scenes.known import read_obj, unit
from tests.integration.scenes.test_truth import inner, placed
from tests.proof_helpers import rays
from worker.core.errors import RenderFailed

GAP = 0.01
"""What `places` keeps between bounding boxes, in world units."""
SUB = 2
"""Rays to the side of a pixel."""
CROWDS = {
    "floating": ("scenes-multi", "scenes.viewpoint=1"),
    "standing": ("scenes-floor", "scenes.viewpoint=0.4"),
    "crowd": ("scenes-floor", "scenes.objects=10", "scenes.scaling=0.2", "scenes.warp=0.3"),
    "large": ("scenes-multi", "scenes.size=0.6", "scenes.viewpoint=1"),
}


@pytest.fixture(scope="module", params=CROWDS)
def crowd(request, one_scenery, models):
    """Samples, each with the parts of its objects: convex solids (T,3,3) in the world."""
    preset, *settings = CROWDS[request.param]
    samples = one_scenery.samples(models, preset, "scenes.samples=3", "views=3", *settings)
    assert len(samples) == 3
    return [
        (sample, [
            [placed(row, part) for part in convex(unit(read_obj(models / name)))]
            for row, name in zip(sample.rows, sample.names, strict=True)
        ])
        for sample in samples
    ]  # fmt: skip


def convex(triangles):
    """The boxes of a step; any other of the known objects is convex itself."""
    return [triangles[:12], triangles[12:]] if len(triangles) == 24 else [triangles]


def pairs(objects):
    """Parts of one object with parts of another."""
    for one, other in itertools.combinations(objects, 2):
        yield from itertools.product(one, other)


def planes(solid):
    """Outward unit normals (T,3) and offsets (T,) of a convex solid's faces."""
    normals = np.cross(solid[:, 1] - solid[:, 0], solid[:, 2] - solid[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    middle = solid.mean(axis=(0, 1))
    normals *= np.sign(np.einsum("tk,tk->t", normals, solid[:, 0] - middle))[:, None]
    offsets = np.einsum("tk,tk->t", normals, solid[:, 0])
    assert (solid.reshape(-1, 3) @ normals.T <= offsets + 1e-9).all(), "a solid that is not convex"
    return normals, offsets


def test_no_meshes_meet(crowd):
    """Two convex solids are apart if a plane parallel to a face, or to an edge of each, is between.

    The widest such gap is at most their distance, so it bounds it from below.
    """
    for _, objects in crowd:
        for one, other in pairs(objects):
            edges = [(solid - np.roll(solid, 1, axis=1)).reshape(-1, 3) for solid in (one, other)]
            across = np.cross(edges[0][:, None], edges[1][None]).reshape(-1, 3)
            lengths = np.linalg.norm(across, axis=1, keepdims=True)
            ways = [planes(one)[0], planes(other)[0], (across / np.maximum(lengths, 1e-12))[
                lengths[:, 0] > 1e-6 * lengths.max()]]  # fmt: skip
            ways = np.concatenate(ways)
            a, b = one.reshape(-1, 3) @ ways.T, other.reshape(-1, 3) @ ways.T
            between = np.maximum(a.min(0) - b.max(0), b.min(0) - a.max(0)).max()
            assert between > GAP / 2, "objects that meet"


def spans(solid, start, way):
    """Planar depths at which each ray enters and leaves a convex solid; inf and -inf: it misses."""
    normals, offsets = planes(solid)
    low, high = np.full(start.shape[:-1], 0.0), np.full(start.shape[:-1], np.inf)
    for normal, offset in zip(normals, offsets, strict=True):
        away, towards = offset - start @ normal, way @ normal
        with np.errstate(divide="ignore", invalid="ignore"):
            at = away / towards
        low = np.where(towards < 0, np.maximum(low, at), low)
        high = np.where(towards > 0, np.minimum(high, at), high)
        high = np.where((towards == 0) & (away < 0), -np.inf, high)
    hit = low < high
    return np.where(hit, low, np.inf), np.where(hit, high, -np.inf)


def test_along_every_ray_one_object_ends_before_the_next_begins(crowd):
    shared = 0
    for sample, objects in crowd:
        start, way = rays(sample.view, SUB)
        found = [[spans(part, start, way) for part in parts] for parts in objects]
        for (low, high), (low_too, high_too) in pairs(found):
            both = np.isfinite(low) & np.isfinite(low_too)
            shared += both.sum()
            assert ((high < low_too) | (high_too < low))[both].all()
    assert shared > 100, "no object behind another: nothing was shown"


def test_the_picture_shows_the_depth_at_which_the_nearest_begins(crowd):
    for sample, objects in crowd:
        start, way = rays(sample.view)
        begins = np.stack([
            np.min([spans(part, start, way)[0] for part in parts], axis=0) for parts in objects
        ])  # fmt: skip
        nearest = np.where(np.isfinite(begins).any(axis=0), begins.argmin(axis=0) + 1, 0)
        agrees = sample.numbers == nearest
        assert agrees.mean() > 0.995  # a ray may graze an edge
        seen = agrees & inner(nearest) & (nearest > 0)
        assert seen.sum() > 100
        assert sample.depth[seen] == pytest.approx(begins.min(axis=0)[seen], abs=1e-3)


def test_a_scene_without_room_is_refused(one_scenery, models):
    with pytest.raises(RenderFailed, match=r"sample 0: no room for 4 objects of size 10 .*fewer"):
        one_scenery.samples(models, "scenes-multi", "scenes.samples=1", "views=1", "scenes.size=10")
