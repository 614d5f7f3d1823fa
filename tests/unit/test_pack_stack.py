"""Small views are packed by stacks: the zip is that of views one by one."""

import dataclasses

import msgspec
import numpy as np
import pytest

from tests.raw_views import rendered_object, write_all_passes, write_passes
from worker import presets
from worker.contract.recipe import IMAGES
from worker.contract.render_passes import COMBINED, DEPTH, NOTHING_DEPTH
from worker.pack import stack
from worker.pack.pack import pack
from worker.pack.raw import RawView
from worker.pack.stack import Stack

SIZE = (24, 16)
EVERY = [kind for kind in IMAGES if kind != "depth-f16"]
BASE = ["views=5", f"resolution={list(SIZE)}"]


def packed_by(pixels, monkeypatch, into, made, recipe):
    """The zip and the outcome's facts, with stacks of at most `pixels` pixels."""
    monkeypatch.setattr(stack, "MOST_PIXELS", pixels)
    into.mkdir()
    packed = pack(made, recipe, into)
    return packed.path.read_bytes(), packed.statistics


@pytest.mark.parametrize(
    "keys",
    [
        ["images=['colour']"],
        ["images=['colour']", "colour.background='white'", "previews=['turntable-gif']"],
        [f"images={EVERY}", "normal.space='camera'"],
        [f"images={EVERY}", "colour.view_transform='filmic'"],
        ["images=['albedo']"],
        ["images=['depth-f16']"],
    ],
)
@pytest.mark.parametrize("together", [2, 5, 100])
def test_zips_are_those_of_views_one_by_one(keys, together, monkeypatch, tmp_path):
    recipe = presets.load("default", [*BASE, *keys])
    made = rendered_object(tmp_path / "raw", recipe)
    write_all_passes(made, recipe)
    alone = packed_by(1, monkeypatch, tmp_path / "alone", made, recipe)
    area = SIZE[0] * SIZE[1]
    assert packed_by(together * area, monkeypatch, tmp_path / "all", made, recipe) == alone


def test_a_blank_view_and_one_of_a_window_keep_their_numbers(monkeypatch, tmp_path):
    recipe = presets.load("default", [*BASE, "images=['colour']"])
    made = rendered_object(tmp_path / "raw", recipe)
    views = list(made.answer.views)
    for number, (rgba, window) in {1: (0.0, []), 3: (0.5, [2, 3, 4, 5])}.items():
        width, height = window[2:] or SIZE
        write_passes(
            made.scratch / views[number].files["passes"],
            {
                COMBINED: np.full((height, width, 4), rgba, np.float32),
                DEPTH: np.full((height, width, 1), 2.0 if rgba else NOTHING_DEPTH, np.float32),
            },
        )
        views[number] = dataclasses.replace(views[number], window=window)
    made = msgspec.structs.replace(made, answer=dataclasses.replace(made.answer, views=views))
    zipped, found = packed_by(1 << 16, monkeypatch, tmp_path / "all", made, recipe)
    assert (zipped, found) == packed_by(1, monkeypatch, tmp_path / "alone", made, recipe)
    assert found.blank_views == 1
    assert found.coverage_min == 0


def test_a_stack_is_its_views_below_each_other(tmp_path):
    recipe = presets.load("default", BASE)
    made = rendered_object(tmp_path / "raw", recipe)
    views = [RawView(view, made.scratch) for view in made.answer.views]
    whole = Stack(views)
    pixels = whole.layer(COMBINED)
    assert not pixels.flags.writeable
    assert pixels.shape == (5 * SIZE[1], SIZE[0], 4)
    for view, part in zip(views, whole.apart(pixels), strict=True):
        np.testing.assert_array_equal(part, view.layer(COMBINED))


@pytest.mark.parametrize(
    ("count", "size", "wanted"),
    [
        (12, (64, 64), [12]),
        (40, (64, 64), [16, 16, 8]),
        (3, (512, 512), [1, 1, 1]),
        (3, (1 << 15, 1 << 15), [1, 1, 1]),
        (0, (64, 64), []),
    ],
)
def test_stacks_are_small_and_hold_all_views_in_order(count, size, wanted):
    found = list(stack.stacks(count, size))
    assert [len(numbers) for numbers in found] == wanted
    assert [number for numbers in found for number in numbers] == list(range(count))
