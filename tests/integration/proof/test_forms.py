"""What is no mesh is seen as well, and a million faces are."""

import numpy as np
import pytest

from tests import blenders
from tests.proof_helpers import normalised, project, see


def bar():
    """A round bar of length 2 and radius 0.25, of 256 sides, as triangles."""
    turns = np.linspace(0, 2 * np.pi, 257)
    ring = 0.25 * np.stack([np.zeros(257), np.cos(turns), np.sin(turns)], -1)
    end, middle = np.array([1.0, 0.0, 0.0]), np.zeros((256, 3))
    near, far = ring - end, ring + end
    return np.concatenate([
        np.stack([near[:-1], near[1:], far[1:]], 1), np.stack([near[:-1], far[1:], far[:-1]], 1),
        np.stack([near[:-1], near[1:], middle - end], 1),
        np.stack([far[:-1], far[1:], middle + end], 1),
    ])  # fmt: skip


def test_a_curve_is_the_bar_it_is_thickened_to(studio):
    shot = studio.shoot("curve.blend")
    assert shot.facts["mesh_count"] == 0
    for number, view in enumerate(shot.views):
        coverage = see(normalised(bar()), view).coverage
        alpha = shot.raw(number)[..., 3]
        assert alpha[coverage == 1].min() > 0.6
        assert alpha[coverage == 0].max() < 0.4


def test_a_text_is_its_letter(studio):
    above = {"layout": "fixed", "fixed": [[0, -0.3, 2], [0.2, 0, -2]]}
    shot = studio.shoot("text.blend", camera=above)
    # Of an H the middle is solid, above and below it the background is seen between the legs.
    size = shot.facts["scene_size"]
    extent = np.subtract(size["bbox_max"], size["bbox_min"])
    assert extent[1] == extent.max()
    assert extent[2] == pytest.approx(0.2, abs=1e-4)
    side = 0.42 * extent[0] / extent.max()
    points = np.array([[x, y, 0] for y in (-0.35, 0, 0.35) for x in (-side, 0, side)])
    for number, view in enumerate(shot.views):
        u, v, _ = project(points, view).T
        alpha = shot.raw(number)[v.astype(int), u.astype(int), 3]
        assert np.round(alpha).tolist() == [1, 0, 1, 1, 1, 1, 1, 0, 1]


def test_metaballs_run_into_one(studio):
    shot = studio.shoot("metaballs.blend")
    low, high = (np.array(shot.facts["scene_size"][key]) for key in ("bbox_min", "bbox_max"))
    np.testing.assert_allclose(low, -high, atol=0.02)
    assert high[0] > high[1] + 0.2
    np.testing.assert_allclose(high[1], high[2], atol=0.02)
    for number, view in enumerate(shot.views):
        u, v, _ = project(np.zeros((1, 3)), view).astype(int).T
        assert shot.raw(number)[v, u, 3] == 1.0  # between them there is no gap


def test_a_sheet_of_splines_is_raised_in_the_middle(studio):
    shot = studio.shoot("surface.blend")
    size = shot.facts["scene_size"]
    np.testing.assert_allclose(size["bbox_min"], [0, 0, 0], atol=1e-3)
    np.testing.assert_allclose(size["bbox_max"][:2], [1, 1], atol=1e-3)
    assert 0.4 < size["bbox_max"][2] < 1.0
    for number in range(len(shot.views)):
        assert shot.raw(number)[..., 3].max() == 1.0


@pytest.mark.slow
def test_millions_of_faces(studio):
    folder = blenders.make_samples(studio.blender, studio.folder / "vast", "vast.stl")
    shot = studio.shoot(folder / "vast.stl", samples=2)
    assert shot.facts["poly_count"] == 2 * 805 * 805
    for number in range(len(shot.views)):
        assert 0.05 < (shot.raw(number)[..., 3] > 0.5).mean() < 0.9
