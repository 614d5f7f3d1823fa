"""A view's raw files hold its window only; what a child says of it is not believed."""

import dataclasses

import numpy as np
import pytest

from tests.raw_views import rendered_object, write_passes
from worker import presets
from worker.contract.render_passes import COMBINED, DEPTH, NOTHING_DEPTH
from worker.core.errors import RenderFailed
from worker.pack.kinds import colour
from worker.pack.raw import RawView

SIZE = (6, 5)


@pytest.fixture
def raw(tmp_path):
    """`raw(window, size)`: a view of 6x5 pixels with a file of `size`, said to hold `window`."""
    recipe = presets.load("default", ["views=1", f"resolution={list(SIZE)}"])
    made = rendered_object(tmp_path / "raw", recipe)
    (view,) = made.answer.views

    def of(window, size):
        width, height = size
        rgba = np.full((height, width, 4), 0.5, np.float32)
        z = np.full((height, width, 1), 2.0, np.float32)
        write_passes(made.scratch / view.files["passes"], {COMBINED: rgba, DEPTH: z})
        return RawView(dataclasses.replace(view, window=window), made.scratch), recipe

    return of


def test_around_the_window_nothing_is_seen(raw):
    view, recipe = raw([1, 2, 3, 2], (3, 2))
    inside = np.zeros(SIZE[::-1], bool)
    inside[2:4, 1:4] = True
    assert np.array_equal(view.layer(COMBINED)[..., 3], np.where(inside, 0.5, 0))
    assert np.array_equal(view.layer(DEPTH)[..., 0], np.where(inside, 2, NOTHING_DEPTH))
    assert np.array_equal(colour.encode(view, recipe)[..., 3] > 0, inside)


def test_a_whole_frame_needs_no_window(raw):
    for window in ([], [0, 0, *SIZE]):
        view, _ = raw(window, SIZE)
        assert view.layer(DEPTH).shape == (5, 6, 1)


@pytest.mark.parametrize(
    "window",
    [[0, 0, 7, 5], [-1, 0, 3, 3], [0, 3, 3, 3], [0, 0, 0, 3], [0, 0, 3], [0, 0, 3, 3, 3],
     [1 << 62, 0, 1 << 62, 1]],
)  # fmt: skip
def test_a_window_outside_the_frame_fails_the_object(raw, window):
    view, _ = raw(window, (3, 3))
    with pytest.raises(RenderFailed, match="render region outside its frame"):
        view.layer(COMBINED)


def test_a_file_of_another_size_than_the_window_fails_the_object(raw):
    view, _ = raw([1, 1, 3, 3], SIZE)
    with pytest.raises(RenderFailed, match="is 6x5, not 3x3"):
        view.layer(COMBINED)
