"""What is baked lies on the object and has its normals and materials."""

import numpy as np
import pytest

from tests.proof_helpers import to_srgb
from tests.sample_models import proof, surfaces
from worker.contract.omage_reduction import borders
from worker.omage import occupied

HALF = 1.9999 / 2
STEP = 2 / 65535
"""Of a stored position or normal."""


def test_a_sphere(bake):
    baked = bake("sphere.glb")
    place, normal, _, _ = baked.texels()
    assert np.linalg.norm(place, axis=1) == pytest.approx(HALF, abs=5e-4)
    away = (normal * place).sum(axis=1) / np.linalg.norm(place, axis=1)
    assert away.min() > 0.997  # on a seam it is the normal of the pixel beside, up to 1.4 away
    assert np.quantile(away, 0.1) > 0.999
    assert np.abs(place).max(axis=0) == pytest.approx([HALF] * 3, abs=0.02)
    assert baked.facts["surface_kept"] > 0.99


def test_a_cube(bake):
    baked = bake("cube.glb")
    place, normal, _, _ = baked.texels()
    assert np.abs(place).max(axis=1) == pytest.approx(HALF, abs=2 * STEP)
    axis = np.abs(place).argmax(axis=1)
    facing = np.zeros_like(place)
    facing[np.arange(len(place)), axis] = np.sign(place[np.arange(len(place)), axis])
    inside = np.sort(np.abs(place), axis=1)[:, 1] < 0.99 * HALF
    assert np.abs(normal - facing)[inside].max() < 1e-3
    faces = {tuple(each) for each in facing[inside].astype(int).tolist()}
    assert len(faces) == 6
    assert baked.facts["charts_kept"] == 6


def test_a_texture(bake):
    place, normal, albedo, other = bake("patches.glb").texels()
    cell = (place[:, [2, 0]] / HALF + 1) / 2 * proof.PATCHES
    row, column = np.clip(cell.astype(int), 0, proof.PATCHES - 1).T
    middle = (np.abs(cell % 1 - 0.5) < 0.3).all(axis=1)
    colours = proof.patch_colours()[row, column, :3]
    assert middle.sum() > 1000
    assert np.abs(to_srgb(albedo) - colours)[middle].max() < 1.5 / 255
    assert normal == pytest.approx(np.tile([0, -1, 0], (len(normal), 1)), abs=1e-3)
    assert other == pytest.approx(np.tile([0, 1], (len(other), 1)), abs=1e-3)


def test_metallic_and_roughness(bake):
    _, _, _, other = bake("metals.glb").texels()
    wanted = np.array([pair[1:] for pair in surfaces.METALS])
    nearest = np.abs(other[:, None] - wanted).max(axis=-1)
    assert nearest.min(axis=1).max() < 0.01
    assert set(nearest.argmin(axis=1)) == {0, 1, 2}


def test_colours_of_points(bake):
    place, _, albedo, _ = bake("vertex_colours.blend").texels()
    ends = place[:, 0] / HALF
    for side, colour in ((-1, surfaces.RED), (1, surfaces.BLUE)):
        near = side * ends > 0.98
        assert near.any()
        assert np.abs(albedo[near] - colour[:3]).max() < 0.03


def test_no_pixel_is_of_two_charts_in_the_small_image_either(bake):
    baked = bake("monkey.fbx", "resolution=512")
    small = baked.image("omage_tensor_64.npz")
    there = occupied(small)
    place = small[..., :3] * 2 - 1
    for axis in (0, 1):
        both = np.logical_and(*(np.take(there, range(i, 63 + i), axis) for i in (0, 1)))
        step = np.linalg.norm(np.diff(place, axis=axis), axis=-1)[both]
        assert step.max() < 0.35  # two charts that touch would be anywhere
    assert borders(there).any()


def test_charts_on_the_square(bake):
    image = bake("monkey.fbx").image()
    there = occupied(image)
    frame = round(0.02 * 255) - 1
    assert not there[:frame].any()
    assert not there[:, -frame:].any()
    assert there.mean() > 0.2
    # What is not there is an extension of what is: no black beside a chart.
    beside = ~there[1:] & there[:-1]
    assert (image[1:][beside][:, 7:10].max(axis=1) > 0).all()


def test_the_same_again_and_after_another(bake):
    first = dict(bake("monkey.fbx").members)
    bake("pawn.glb", again=True)
    assert dict(bake("monkey.fbx", again=True).members) == first


def test_what_the_zip_holds(bake):
    baked = bake("crate.obj")
    assert sorted(baked.members) == [
        "metadata.json", "omage_albedo.png", "omage_material.png", "omage_normal.png",
        "omage_position.png", "omage_tensor.npz", "omage_tensor_64.npz",
    ]  # fmt: skip
    assert baked.facts["uv_map"] == "file"
    assert baked.facts["files"] == {"omage_tensor.npz": 256, "omage_tensor_64.npz": 64}
    place = baked.shot.facts["placement"]
    low, high = (np.array(baked.shot.facts["scene_size"][f"bbox_{end}"]) for end in ("min", "max"))
    assert (high - low).max() * place["scale"] == pytest.approx(1.9999)
    assert (high + low) / 2 * place["scale"] + place["offset"] == pytest.approx([0] * 3, abs=1e-6)
