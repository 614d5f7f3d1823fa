"""Display images of a child: uncompressed Targa, read without a decoder or refused."""

import io
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from worker.codecs import targa
from worker.codecs.targa import FOOTER, NotTarga

PIXELS = np.random.default_rng(3).integers(0, 256, (7, 5, 4), np.uint8)
REFUSED = r"is (\d+x\d+, not 5x7|not an uncompressed RGBA Targa|truncated( or damaged)?: it )"


def written(orientation=1, **options):
    """PIXELS as Pillow writes them; `orientation` -1: the bottom row first, as Blender does."""
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "TGA", orientation=orientation, **options)
    return buffer.getvalue().removesuffix(bytes(8) + b"TRUEVISION-XFILE.\0")


def read(data, width=5, height=7):
    return targa.read(io.BytesIO(data), width, height)


@pytest.mark.parametrize("orientation", [1, -1])
@pytest.mark.parametrize("footer", [0, 521, FOOTER])
def test_it_reads_what_was_written(orientation, footer):
    data = written(orientation) + bytes(footer)
    assert (data[17] == targa.BOTTOM_FIRST) == (orientation < 0)
    np.testing.assert_array_equal(read(data), PIXELS)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is truncated: it has no header"),
        (written()[:17], "is truncated: it has no header"),
        (written()[:-1], "is truncated or damaged: it has 157 bytes"),
        (written() + bytes(FOOTER + 1), "is truncated or damaged: it has 4255 bytes"),
        (written(compression="tga_rle"), "is not an uncompressed RGBA Targa"),
        (written(id_section=b"a name"), "is not an uncompressed RGBA Targa"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "is not an uncompressed RGBA Targa"),
    ],
)
def test_another_file_is_refused(data, why):
    with pytest.raises(NotTarga, match=re.escape(why)):
        read(data)


def test_another_size_is_refused():
    with pytest.raises(NotTarga, match="is 5x7, not 7x5"):
        read(written(), 7, 5)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), max_size=4),
       st.none() | st.integers(0, 200))  # fmt: skip
def test_a_mutated_file_is_read_or_refused(edits, keep):
    data = bytearray(written())
    for at, value in edits:
        data[at] = value
    tracemalloc.start()
    why = None
    try:
        pixels = read(bytes(data[:keep]))
    except NotTarga as error:
        why = str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 16
    assert re.match(REFUSED, why) if why else pixels.shape == PIXELS.shape
