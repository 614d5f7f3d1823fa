"""Welding, charts, packing and covering, against shapes whose answer is known."""

import itertools

import numpy as np
import pytest

from worker.blender.omage import charts, raster, repack
from worker.blender.omage.union import components
from worker.blender.omage.weld import weld
from worker.contract.omage_keys import Omage


def test_components_of_a_long_chain_and_of_loners():
    count = 5000
    chain = np.random.default_rng(0).permutation(count)
    labels = components(count + 3, chain[:-1], chain[1:])
    assert (labels[:count] == 0).all()
    assert labels[count:].tolist() == [count, count + 1, count + 2]


def test_weld_joins_what_is_near_wherever_cells_end():
    random = np.random.default_rng(1)
    points = random.uniform(-1, 1, (2000, 3))
    near = points + random.uniform(-1e-6, 1e-6, points.shape)
    first = weld(np.concatenate([points, near]), 1e-6)
    assert (first == np.tile(np.arange(2000), 2)).all()


def test_weld_leaves_apart_what_is_farther():
    points = np.array([[0.0, 0, 0], [1.2e-6, 0, 0], [0, 0, 0.5], [0, 0, 0.5 + 3e-6]])
    assert weld(points, 1e-6).tolist() == [0, 1, 2, 3]


def grid(n=4):
    """A square of n x n cells as triangles of vertices, and their UVs (T,3,2) in 0..1."""
    faces = []
    for i, j in itertools.product(range(n), repeat=2):
        a, b, c, d = (k * (n + 1) + m for k, m in ((i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)))
        faces += [[a, b, c], [a, c, d]]
    faces = np.array(faces)
    places = np.array([[j / n, i / n] for i, j in itertools.product(range(n + 1), repeat=2)])
    return faces, places[faces]


def test_a_square_is_one_chart():
    faces, uv = grid()
    found = charts.find(faces, uv, np.full(len(faces), 1 / 8))
    assert found.of.tolist() == [0] * 32
    assert found.uv_area == pytest.approx([1.0])
    assert found.area == pytest.approx([4.0])


def test_a_cut_in_the_uv_map_is_a_border():
    faces, uv = grid()
    uv[16:] += 0.25  # the upper half lies elsewhere
    found = charts.find(faces, uv, np.full(len(faces), 1 / 8))
    assert found.of.tolist() == [0] * 16 + [1] * 16


def test_a_map_folded_at_a_seam_is_cut_there():
    faces, uv = grid()
    folded = uv.copy()
    folded[..., 0] = 0.5 - np.abs(uv[..., 0] - 0.5)
    found = charts.find(faces, folded, np.ones(len(faces)))
    left = (uv[..., 0].mean(axis=1) < 0.5).astype(int)
    assert len(found.area) == 2
    assert len({(a, b) for a, b in zip(left, found.of, strict=True)}) == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_uvs_that_are_none(bad):
    faces, uv = grid()
    uv[0, 1, 0] = bad
    uv[1] = 0.5
    assert charts.usable(uv).tolist() == [False, False] + [True] * 30
    assert charts.find(faces, uv, np.ones(32)).of[:2].tolist() == [-1, -1]


def test_which_charts_are_kept():
    of = np.array([0, 1, 2, 3, 4, -1])
    found = charts.Charts(
        of, np.array([1e-5, 1.0, 1.0, 1.0, 1.0]), np.array([4.0, 1e-5, 1.0, 3.0, 2.0])
    )
    chosen = charts.choose(found, 20.0, Omage(charts=2))
    assert chosen.charts.tolist() == [3, 4]
    assert chosen.share == pytest.approx(0.25)
    dropped = chosen.facts["dropped"]
    assert dropped["small_in_uv"] == {"charts": 1, "surface": 0.2}
    assert dropped["small"]["charts"] == 1
    assert dropped["too_many"] == {"charts": 1, "surface": 0.05}
    assert dropped["not_in_uv"]["triangles"] == 1


def boxes_of(count, seed=0):
    return np.random.default_rng(seed).lognormal(0, 0.8, (count, 2))


@pytest.mark.parametrize("count", [1, 2, 7, 64, 300])
def test_boxes_lie_apart_and_inside(count):
    margin = 0.02
    boxes = boxes_of(count)
    scale, low = repack.pack(boxes, margin)
    high = low + boxes * scale
    assert scale > 0
    assert low.min() >= margin - 1e-12
    assert high.max() <= 1 - margin + 1e-12
    gap = np.maximum(low[:, None] - high[None], low[None] - high[:, None]).max(axis=-1)
    np.fill_diagonal(gap, 1.0)
    assert gap.min() >= 2 * margin - 1e-12


def test_boxes_fill_the_square():
    boxes = boxes_of(64)
    scale, _ = repack.pack(boxes, 0.0)
    assert boxes.prod(axis=1).sum() * scale**2 > 0.75
    assert repack.pack(np.ones((4, 2)), 0.0)[0] == pytest.approx(0.5, rel=1e-4)
    assert repack.pack(np.array([[3.0, 1.0]]), 0.02)[0] == pytest.approx(0.32, rel=1e-4)


def test_the_same_each_time_and_too_many():
    one, two = (repack.pack(boxes_of(64), 0.02) for _ in range(2))
    assert one[0] == two[0]
    assert (one[1] == two[1]).all()
    with pytest.raises(ValueError, match="do not fit"):
        repack.pack(np.ones((700, 2)), 0.02)


def test_densities_come_near_the_middle_one():
    uv_area, area = np.array([1.0, 100.0, 1e-4, 1.0]), np.ones(4)
    scaled = np.sqrt(uv_area) * repack.scales(uv_area, area, 4.0)
    assert scaled == pytest.approx([1.0, 4.0, 0.25, 1.0])


def test_every_pixel_of_a_square_is_covered_once():
    _, uv = grid(7)
    place = 0.1 + 0.8 * uv
    seen = np.zeros(64 * 64, int)
    for _, pixel in raster.covered(place, 64):
        np.add.at(seen, pixel, 1)
    at = np.arange(64) / 63
    inside = (at >= 0.1) & (at < 0.9)
    assert (seen.reshape(64, 64) == (inside[:, None] & inside[None])).all()


def test_triangles_cover_what_lies_in_them():
    random = np.random.default_rng(5)
    uv = random.uniform(0, 1, (50, 3, 2))
    v, u = np.mgrid[0:40, 0:40] / 39
    found = np.zeros((50, 1600), bool)
    for triangle, pixel in raster.covered(uv, 40):
        found[triangle, pixel] = True
    for number, (a, b, c) in enumerate(uv):
        sides = [
            (q[0] - p[0]) * (v - p[1]) - (q[1] - p[1]) * (u - p[0])
            for p, q in ((a, b), (b, c), (c, a))
        ]
        inside = np.all(np.array(sides) > 0, axis=0) | np.all(np.array(sides) < 0, axis=0)
        assert (found[number].reshape(40, 40) == inside).all()


def test_overlap_is_told_by_chart():
    _, uv = grid(3)
    half = uv * 0.4
    doubled = np.concatenate([half, half[:9], half + 0.5])
    chart = np.array([0] * 27 + [1] * 18)
    cover = raster.cover(doubled, chart, 2, 100)
    assert cover.overlap[0] == pytest.approx(0.5, abs=0.03)
    assert cover.overlap[1] == 0.0
    assert set(np.unique(cover.chart)) == {-1, 0, 1}
