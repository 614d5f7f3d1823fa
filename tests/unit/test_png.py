"""PNG in and out: every mode, what decides the bytes, and what is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from tests.raw_views import ball
from worker.codecs import png
from worker.pack.kinds.colour import to_display

PIXELS = {"L": (np.uint8, ()), "RGB": (np.uint8, (3,)), "RGBA": (np.uint8, (4,)),
          "I;16": (np.uint16, ()), "RGB;16": (np.uint16, (3,))}  # fmt: skip


@given(
    mode=st.sampled_from(sorted(PIXELS)),
    size=st.tuples(*[st.integers(1, 9)] * 2),
    seed=st.integers(0, 99),
)
def test_every_png_is_read_as_it_was_written(mode, size, seed):
    kind, channels = PIXELS[mode]
    shape = (*size, *channels)
    pixels = np.random.default_rng(seed).integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)
    data = png.encode(np.asfortranarray(pixels))
    found = png.decode(data, size[::-1], mode)
    # Of RGB with 16 bits, Pillow reads the upper bytes alone.
    assert np.array_equal(found, pixels >> 8 if mode == "RGB;16" else pixels)


@pytest.mark.parametrize("mode", PIXELS)
def test_the_level_and_the_filter_decide_the_bytes_of_every_zip(mode):
    kind, channels = PIXELS[mode]
    pixels = np.random.default_rng(0).integers(0, 8, (64, 64, *channels)).astype(kind)
    data = png.encode(pixels)
    at = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[at - 4 : at])
    body = data[at + 4 : at + 4 + length]
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(64, -1)
    assert set(rows[:, 0]) == ({1} if mode == "I;16" else {0})
    assert [level for level in range(1, 10) if zlib.compress(rows, level) == body] == [2]


def test_no_png_is_made_of_other_numbers():
    with pytest.raises(KeyError):
        png.encode(np.ones((2, 2), bool))


def test_png_is_pixels_and_nothing_else():
    pixels = to_display(ball(31, 17))
    data = png.encode(pixels)
    assert data == png.encode(pixels)
    np.testing.assert_array_equal(png.decode(data, (31, 17), "RGBA"), pixels)
    chunks = PngImagePlugin.PngImageFile(io.BytesIO(data))
    assert chunks.info == {}


@pytest.mark.parametrize("keep", [0, 7, 20, 60, -1])
def test_a_cut_png_is_refused(keep):
    data = png.encode(to_display(ball(64, 64)))
    with pytest.raises(png.NotPng):
        png.decode(data[:keep], (64, 64), "RGBA")


def test_a_damaged_or_other_image_is_refused():
    pixels = to_display(ball(64, 64))
    data = bytearray(png.encode(pixels))
    data[len(data) // 2] ^= 1
    with pytest.raises(png.NotPng):
        png.decode(bytes(data), (64, 64), "RGBA")
    with pytest.raises(png.NotPng, match="64x64 RGBA, not 32x32 RGBA"):
        png.decode(png.encode(pixels), (32, 32), "RGBA")
    for mode, kind in (("RGB", "PNG"), ("RGB", "JPEG"), ("RGBA", "TIFF")):
        buffer = io.BytesIO()
        Image.new(mode, (64, 64)).save(buffer, kind)
        with pytest.raises(png.NotPng):
            png.decode(buffer.getvalue(), (64, 64), "RGBA")
