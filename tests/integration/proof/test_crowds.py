"""Where the parts of hard scenes end up: every picture is predicted from boxes."""

import numpy as np
import pytest

from tests.proof_helpers import box, boxes, moved, normalised, see

HOOK = boxes(((0, 0, 0), (1, 0.4, 0.4)), ((-0.3, 0, 0.5), (0.4, 0.4, 0.6)),
             ((0.35, 0.35, 0), (0.3, 0.3, 0.2)))  # fmt: skip
PART = boxes(((0, 0, 0), (1, 1, 0.2)), ((0.4, 0, 0.3), (0.2, 0.2, 0.4)))
ROOTS = boxes(((0, 0, 0), (1, 1, 1)), ((3, 0, 0), (1, 2, 1)), ((0, 0, 2), (0.5, 0.5, 0.5)),
              ((0, 1.5, 2), (0.3, 0.3, 0.3)))  # fmt: skip
INSTANCES = np.concatenate([
    PART, moved(PART, (3, 0, 0), turn_z=90), moved(PART, (0, 3, 0), scale=(-0.5, 0.5, 0.5)),
    moved(PART, (3, 3, 0)), moved(PART, (3, 3, 1)),
])  # fmt: skip
ONE_HIDDEN = boxes(((0, 0, 0), (1, 1, 1)), ((0, -2, 0), (1, 1, 1)))
EXPECTED = {
    "roots.glb": ROOTS,
    "roots.blend": ROOTS,
    "roots.fbx": ROOTS,
    "instances.blend": INSTANCES,
    "instances.glb": INSTANCES,
    "scattered.blend": boxes(*(((x, y, 0), (0.5, 0.5, 0.5)) for x in (-2, 2) for y in (-1, 1))),
    "hidden.blend": ONE_HIDDEN,
    "hidden.fbx": ONE_HIDDEN,
    "hidden_collection.blend": box(),
    "plain.glb": HOOK,
    "plain.blend": HOOK,
    "plain.fbx": HOOK,
    "mirrored.glb": moved(HOOK, scale=(-1, 1, 1)),
    "mirrored.blend": moved(HOOK, scale=(-1, 1, 1)),
    "inside_out.glb": HOOK,
    "huge.glb": HOOK * 1e6,
    "tiny.glb": HOOK * 1e-6,
    "off_centre.glb": moved(HOOK, (-1000, -500, 1000)),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_part_is_where_it_must_be_and_nothing_else(studio, name):
    expected = EXPECTED[name]
    shot = studio.shoot(name)
    low, high = expected.min(axis=(0, 1)), expected.max(axis=(0, 1))
    size = shot.facts["scene_size"]
    # Single precision, at the distance of the farthest point from the file's origin.
    close = 4e-7 * max(np.abs(low).max(), np.abs(high).max(), (high - low).max())
    np.testing.assert_allclose(size["bbox_min"], low, atol=close)
    np.testing.assert_allclose(size["bbox_max"], high, atol=close)
    for number, view in enumerate(shot.views):
        coverage = see(normalised(expected), view).coverage
        alpha = shot.raw(number)[..., 3]
        assert alpha[coverage == 1].min() > 0.6  # the filter is a little wider than the pixel
        assert alpha[coverage == 0].max() < 0.4
        edge = (coverage > 0) & (coverage < 1)
        assert abs((alpha - coverage)[edge].mean()) < 0.06


@pytest.mark.parametrize("suffix", ["glb", "blend", "fbx"])
def test_a_files_own_camera_and_lights_change_nothing(studio, suffix):
    bare, furnished = studio.shoot(f"plain.{suffix}"), studio.shoot(f"furnished.{suffix}")
    assert furnished.facts["lamp_count"] == 3
    assert bare.facts["lamp_count"] == 0
    assert [view.camera_to_world for view in bare.views] == [
        view.camera_to_world for view in furnished.views
    ]
    for number in range(len(bare.views)):
        assert np.array_equal(bare.raw(number), furnished.raw(number))


SAME = [
    ("mirrored.glb", "flipped.glb"),
    ("mirrored.blend", "flipped.blend"),
    ("inside_out.glb", "plain.glb"),
    ("huge.glb", "plain.glb"),
    ("tiny.glb", "plain.glb"),
    ("off_centre.glb", "plain.glb"),
    ("plain.blend", "plain.glb"),
    ("plain.fbx", "plain.glb"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_two_ways_to_say_the_same_shape_look_alike(studio, one, two):
    # Noise only, and hardly any: the seed is the same.
    for number in range(2):
        a, b = studio.shoot(one).raw(number), studio.shoot(two).raw(number)
        assert a[a[..., 3] == 1][:, :3].mean() > 0.05
        assert np.abs(a - b).mean() < 0.01 * b.mean()
