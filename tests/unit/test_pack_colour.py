"""Colour images: the sRGB curve, straight alpha."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.raw_views import ball
from worker.codecs import srgb
from worker.pack.kinds.colour import BAND, to_display


def standard(linear):
    """IEC 61966-2-1 as it is written, in double precision."""
    if linear <= 0.0031308:
        return 12.92 * linear
    return 1.055 * linear ** (1 / 2.4) - 0.055


def rounded(value):
    return int(Decimal(value * 255).quantize(Decimal(1), rounding="ROUND_HALF_UP"))


def display(pixel):
    return to_display(np.array(pixel, np.float32).reshape(1, 1, 4))[0, 0].tolist()


@pytest.mark.parametrize(
    ("linear", "value"), [(0.0, 0), (1.0, 255), (0.5, 188), (0.2140411, 127), (0.0031308, 10)]
)
def test_known_values(linear, value):
    assert srgb.encode(np.array([linear], np.float32))[0] == value


def test_every_step_is_where_the_standard_puts_it():
    linear = np.concatenate(
        [np.linspace(0, 1, 20_001), np.linspace(0, 0.01, 5_001), np.geomspace(1e-9, 1, 5_000)]
    ).astype(np.float32)
    expected = [standard(float(value)) * 255 for value in linear]
    got = srgb.encode(linear)
    assert np.abs(got - np.array(expected)).max() <= 0.5 + 1e-4
    clear = [i for i, value in enumerate(expected) if abs(value % 1 - 0.5) > 1e-4]
    assert len(clear) > 29_000
    assert [int(got[i]) for i in clear] == [rounded(expected[i] / 255) for i in clear]


def test_all_256_values_come_back():
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(srgb.encode(srgb.decode(values / 255).astype(np.float32)), values)


@given(st.floats(width=32))
def test_any_float_has_a_value(linear):
    value = int(srgb.encode(np.array([linear], np.float32))[0])
    inside = 0.0 if np.isnan(linear) else min(max(linear, 0.0), 1.0)
    assert abs(value - standard(inside) * 255) <= 0.5 + 1e-4


@pytest.mark.parametrize("bits", [0x7F800001, 0xFF800001, 0x7FBFFFFF, 0x7FC00000])
@pytest.mark.parametrize("count", [1, 17, 64])  # as vectors and one by one
def test_a_nan_of_any_kind_is_black(bits, count):
    linear = np.full(count, bits, np.uint32).view(np.float32)
    assert not srgb.encode(linear).any()


def test_straight_alpha_over_a_premultiplied_ramp():
    # One colour, ever thinner: the colour must not change, not even at the faintest edge.
    alpha = np.linspace(1, 1 / 4096, 4096, dtype=np.float32).reshape(64, 64, 1)
    colour = np.array([0.8, 0.3, 0.05], np.float32)
    image = to_display(np.concatenate([colour * alpha, alpha], -1))
    expected = np.array([rounded(standard(float(c))) for c in colour])
    assert np.abs(image[..., :3].astype(int) - expected).max() <= 1, "no dark fringe"
    np.testing.assert_array_equal(image[..., 3], np.floor(alpha[..., 0] * 255 + 0.5))


@pytest.mark.parametrize(
    ("pixel", "image"),
    [
        ((0, 0, 0, 0), (0, 0, 0, 0)),
        ((0.5, 0.5, 0.5, 0), (0, 0, 0, 0)),
        ((0.5, 0, 0, 0.5), (255, 0, 0, 128)),
        ((3.0, -1, 0, 1), (255, 0, 0, 255)),
        ((np.nan, 0, np.inf, 1), (0, 0, 255, 255)),
        ((0, 0, 0, np.nan), (0, 0, 0, 0)),
        ((1e-38, 0, 0, 1e-45), (255, 0, 0, 0)),
    ],
)
def test_odd_pixels(pixel, image):
    assert display(pixel) == list(image)


def test_it_composites_like_the_linear_picture():
    rgba = ball(150, BAND * 2 // 150 + 5)  # of three bands
    image = to_display(rgba).astype(float)
    opaque = rgba[..., 3] == 1
    assert opaque.sum() > 1000
    for background in (0.0, 1.0):
        linear = rgba[..., :3] + (1 - rgba[..., 3:]) * background
        truth = srgb.encode(np.clip(linear, 0, 1)).astype(float)
        alpha = image[..., 3:] / 255
        shown = image[..., :3] * alpha + 255 * background * (1 - alpha)
        assert np.abs(shown - truth)[opaque].max() <= 1
        clear = rgba[..., 3] == 0
        assert np.abs(shown - truth)[clear].max() == 0


def test_bands_do_not_show():
    rgba = np.random.default_rng(0).random((BAND * 2 // 64 + 7, 64, 4)).astype(np.float32)
    rows = [to_display(row[None]) for row in rgba]
    np.testing.assert_array_equal(to_display(rgba), np.concatenate(rows))
