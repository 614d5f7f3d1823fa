"""Bones, shape keys and moving objects: at rest, as imported, at a frame, spread over the views."""

import numpy as np
import pytest

from tests.proof_helpers import box, boxes, moved, normalised, see

LOWER = box((0, 0, 0.5), (0.4, 0.4, 1))
POST = box()


def arm(degrees):
    """The upper arm turned about x at the joint, from +z towards -y."""
    upper = box((0, 0, 0.5), (0.2, 0.2, 1))
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    return np.concatenate([LOWER, upper @ turn.T + [0, 0, 1]])


def tall(rise):
    """A cube whose top is higher by `rise`."""
    return boxes(((0, 0, rise / 2), (1, 1, 1 + rise)))


def slid(x):
    return np.concatenate([POST, moved(POST, (x, 0, 0))])


STATES = {
    # At rest, and at frames 1, 6 and 11.
    "armature": (arm(0), arm(45), arm(67.5), arm(90)),
    "shape_keys": (tall(0), tall(1), tall(2), tall(3)),
    "moving": (None, slid(2), slid(3), slid(4)),
}
CASES = [(name, suffix) for name in STATES for suffix in ("glb", "fbx", "blend")]


def looks_like(shot, number, expected, tolerance=0.4):
    """Whether a view shows the triangles, normalised by the object's own box."""
    view = shot.views[number]
    coverage = see(expected, view).coverage
    alpha = shot.raw(number)[..., 3]
    return alpha[coverage == 1].min() > 1 - tolerance and alpha[coverage == 0].max() < tolerance


MOVING = [case for case in CASES if case != ("shape_keys", "fbx")]
"""Blender's FBX exporter writes shape keys, but not their motion."""


@pytest.mark.parametrize(("name", "suffix"), MOVING)
def test_a_chosen_frame(studio, name, suffix):
    for frame, expected in zip((1, 6, 11), STATES[name][1:], strict=True):
        subject = {"pose": "frame", "frame": frame}
        shot = studio.shoot(f"{name}.{suffix}", subject=subject, samples=4)
        for number in range(len(shot.views)):
            assert looks_like(shot, number, normalised(expected)), frame


@pytest.mark.parametrize(("name", "suffix"), CASES[:6])
def test_at_rest(studio, name, suffix):
    shot = studio.shoot(f"{name}.{suffix}", subject={"pose": "rest"}, samples=4)
    for number in range(len(shot.views)):
        assert looks_like(shot, number, normalised(STATES[name][0]))


@pytest.mark.parametrize(("name", "suffix"), MOVING)
def test_spread_over_the_views(studio, name, suffix):
    # The box that is normalised holds every frame shown, so that nothing leaves the frame.
    shot = studio.shoot(f"{name}.{suffix}", subject={"pose": "spread"}, views=3, samples=4)
    states = STATES[name][1:]
    together = normalised(np.concatenate(states))
    start = 0
    for number, state in enumerate(states):
        part = together[start : start + len(state)]
        start += len(state)
        assert looks_like(shot, number, part), number


def test_as_imported_a_blend_stands_as_it_was_saved(studio):
    for name in STATES:
        shot = studio.shoot(f"{name}.blend", samples=4)
        for number in range(len(shot.views)):
            assert looks_like(shot, number, normalised(STATES[name][1])), name
