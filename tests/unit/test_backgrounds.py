"""Backgrounds: words and colours, as they are written, stored and refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.test_presets_wrong import message
from worker import presets
from worker.contract import backgrounds
from worker.pack.kinds import colour


@pytest.mark.parametrize(
    ("written", "stored", "rgb"),
    [
        ("transparent", "transparent", None),
        ("white", "white", (255, 255, 255)),
        ("black", "black", (0, 0, 0)),
        ('"#7F7f00"', "#7f7f00", (127, 127, 0)),
        ("#7f7f00", "#7f7f00", (127, 127, 0)),
        ("#abc", "#aabbcc", (170, 187, 204)),
        ("[1, 2, 255]", "#0102ff", (1, 2, 255)),
    ],
)
def test_a_background_is_a_word_or_a_colour(written, stored, rgb):
    recipe = presets.load("default", [f"colour.background={written}"])
    assert recipe.colour.background == stored
    assert backgrounds.rgb(stored) == rgb


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("whit", ["cannot be 'whit'", "did you mean 'white'", "#rrggbb"]),
        ('"#12345"', ["cannot be '#12345'", "#rrggbb"]),
        ("[0.5, 0.5, 0.5]", ["three whole numbers of 0 to 255", "[0.5, 0.5, 0.5]"]),
        ("[0, 0, 256]", ["three whole numbers"]),
        ("[0, 0]", ["three whole numbers"]),
        ("7", ["must be a word or a colour", "not 7"]),
    ],
)
def test_another_background_is_refused(written, parts):
    text = message("default", [f"colour.background={written}"])
    for part in ("'colour.background'", *parts):
        assert part in text


def test_the_image_is_blended_over_the_colour():
    pixels = np.array([[[10, 20, 30, 0], [10, 20, 30, 255], [100, 0, 200, 51]]], np.uint8)
    assert colour.over(pixels, (0, 100, 255)).tolist() == [
        [[0, 100, 255], [10, 20, 30], [20, 80, 244]]
    ]


def test_records_that_need_an_opaque_image_take_any_colour():
    recipe = presets.load("zeronvs", ["colour.background=#808080"])
    assert recipe.colour.background == "#808080"
