"""The reader of EXR files: what was written, as OpenEXR reads it, or refused in a sentence."""

import io
import re
import struct
import tracemalloc
import zlib

import numpy as np
import OpenEXR
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.raw_views import ball, write_exr, write_passes
from worker.codecs import exr, image_formats
from worker.codecs.exr import ExrFile
from worker.codecs.exr_header import MOST, NotExr
from worker.contract.render_passes import COMBINED, DEPTH, NORMAL

WIDTH, HEIGHT = 19, 37
REFUSED = (
    r"^(is not an EXR file|is truncated or damaged: |is -?\d+x-?\d+, not |has no |is compressed)"
)


def written(write, *arguments, **more):
    """The bytes of what a function of `tests.raw_views` writes."""
    buffer = io.BytesIO()
    write(buffer, *arguments, **more)
    return buffer.getvalue()


rng = np.random.default_rng(5)
PASSES = {
    each: rng.random((HEIGHT, WIDTH, len(each.components)), np.float32)
    for each in (COMBINED, DEPTH, NORMAL)
}
RAW = written(write_passes, PASSES)
"""An uncompressed file of three passes, as a child leaves it."""
RGBA = ball(WIDTH, HEIGHT).astype(np.float16)
ZIPPED = image_formats.EXR_RGBA.encode(RGBA)
"""A compressed file, as zips hold it; its last chunk has fewer lines than the others."""


@pytest.mark.parametrize("layer", ["ViewLayer", "View Layer"])
def test_it_reads_back_what_was_written(layer):
    rgba = ball(40, 30)
    data = written(write_exr, rgba, layer, extra=["Depth.Z", "Noisy Image.R"])
    passes = ExrFile(data, 40, 30, flat=True)
    read = passes.layer("Combined", "RGBA")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, rgba)
    assert passes.layer("Depth", "Z").shape == (30, 40, 1)
    named = [f"{layer}.Combined.{component}" for component in "AR"]
    np.testing.assert_array_equal(ExrFile(data, 40, 30).channels(named), rgba[..., [3, 0]])


def test_a_file_larger_than_what_is_read_at_once(tmp_path):
    noise = np.random.default_rng(1).random((900, 700, 4), np.float32)
    write_exr(tmp_path / "a.exr", noise, extra=["Depth.Z"])
    assert (tmp_path / "a.exr").stat().st_size > 10 * exr.AT_ONCE
    with (tmp_path / "a.exr").open("rb") as file:
        passes = ExrFile(file, 700, 900, flat=True)
        for _ in range(2):
            np.testing.assert_array_equal(passes.layer("Combined", "RGBA"), noise)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("size", [(1, 1), (3, 15), (16, 16), (5, 17), (33, 64), (64, 33)])
@pytest.mark.parametrize("noisy", [False, True])
def test_compressed_files_are_read_as_openexr_reads_them(size, dtype, noisy):
    width, height = size
    pixels = ball(width, height)
    if noisy:  # chunks that do not shrink are stored as they are
        noise = np.random.default_rng(2).integers(0, 0x7C00, pixels.shape, np.uint16)
        pixels = noise.view(np.float16)
    data = image_formats.EXR_RGBA.encode(pixels.astype(dtype))
    with OpenEXR.File(io.BytesIO(data)) as file:
        wanted = file.channels()["RGBA"].pixels
    read = ExrFile(data, width, height).channels("RGBA")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, wanted.astype(np.float32))


def test_half_floats_are_read_as_floats():
    rgba = ball(40, 30)
    read = ExrFile(written(write_exr, rgba, dtype=np.float16), 40, 30).layer("Combined", "RGBA")
    np.testing.assert_array_equal(read, rgba.astype(np.float16).astype(np.float32))


def test_a_cut_or_longer_file_is_refused():
    for data, names in ((RAW, ["ViewLayer.Depth.Z"]), (ZIPPED, "R")):
        for keep in (0, 4, 7, 8, 100, 500, len(data) // 2, len(data) - 1):
            with pytest.raises(NotExr, match=r"is (not an EXR file|truncated or damaged): "):
                ExrFile(data[:keep], WIDTH, HEIGHT).channels(names)
        for more in (1, 100, 9000):
            with pytest.raises(NotExr, match="is truncated or damaged: "):
                ExrFile(data + bytes(more), WIDTH, HEIGHT).channels(names)


def test_another_size_kind_or_pass_is_refused():
    data = RAW
    with pytest.raises(NotExr, match=f"is {WIDTH}x{HEIGHT}, not {HEIGHT}x{WIDTH}"):
        ExrFile(data, HEIGHT, WIDTH)
    with pytest.raises(NotExr, match=r"no pass Position\.XYZ, only ViewLayer\.Combined\.A"):
        ExrFile(data, WIDTH, HEIGHT).layer("Position", "XYZ")
    with pytest.raises(NotExr, match="no channels R, only ViewLayer"):
        ExrFile(data, WIDTH, HEIGHT).channels("R")
    with pytest.raises(NotExr, match="is not an EXR file"):
        ExrFile(b"\x89PNG\r\n\x1a\n" + bytes(100), WIDTH, HEIGHT)
    with pytest.raises(NotExr, match="is compressed"):
        ExrFile(ZIPPED, WIDTH, HEIGHT, flat=True)


def attribute(name, kind, value):
    return name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value


def channel(name, kind=2, x=1, y=1):
    return name + b"\0" + struct.pack("<iB3xii", kind, 0, x, y)


def made(
    width=2, height=2, *, channels=None, version=2, window=None, more=b"", chunks=None, **other
):
    """An uncompressed file, or one whose header says something else."""
    listed = channel(b"A") + channel(b"B") if channels is None else channels
    named = {
        b"channels": (b"chlist", listed + b"\0"),
        b"compression": (b"compression", b"\0"),
        b"dataWindow": (b"box2i", struct.pack("<4i", *(window or (0, 0, width - 1, height - 1)))),
        b"lineOrder": (b"lineOrder", b"\0"),
    } | {key.encode(): value for key, value in other.items()}
    header = b"\x76\x2f\x31\x01" + struct.pack("<i", version)
    header += b"".join(attribute(name, *value) for name, value in named.items() if value) + more
    header += b"\0"
    chunks = chunks or {row: bytes(2 * 4 * width) for row in range(height)}
    held = [struct.pack("<ii", row, len(chunk)) + chunk for row, chunk in chunks.items()]
    offsets = np.cumsum([len(header) + 8 * len(held), *map(len, held[:-1])])
    return header + offsets.astype("<u8").tobytes() + b"".join(held)


def test_the_files_made_here_are_ones_that_openexr_reads():
    more = [
        attribute(b"displayWindow", b"box2i", struct.pack("<4i", 0, 0, 1, 1)),
        attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1)),
        attribute(b"screenWindowCenter", b"v2f", bytes(8)),
        attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)),
    ]
    data = made(more=b"".join(more))
    with OpenEXR.File(io.BytesIO(data), separate_channels=True) as file:
        assert set(file.channels()) == {"A", "B"}
    assert not ExrFile(data, 2, 2).channels("BA").any()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (made(version=2 | 0x200), "version is 0x202"),  # tiles
        (made(version=2 | 0x800), "version is 0x802"),  # deep
        (made(version=2 | 0x1000), "version is 0x1002"),  # several parts
        (made(version=-1), "version"),
        (made(compression=(b"compression", b"\4")), "compression 4"),
        (made(compression=(b"string", b"\0")), "no valid compression"),
        (made(compression=(b"compression", b"")), "no valid compression"),
        (made(dataWindow=None), "no valid dataWindow"),
        (made(lineOrder=(b"lineOrder", b"\1")), "do not rise"),
        (made(more=attribute(b"type", b"string", b"tiledimage")), "a type other than scanlines"),
        (made(more=attribute(b"lineOrder", b"lineOrder", b"\0")), "lineOrder twice"),
        (made(channels=b""), "no valid channels"),
        (made(channels=channel(b"B") + channel(b"A")), "channel A out of order"),
        (made(channels=channel(b"A") * 2), "channel A out of order"),
        (made(channels=channel(b"A", kind=0)), "channel A of other pixels than floats"),
        (made(channels=channel(b"A", kind=1) + channel(b"B")), "no valid channels"),
        (made(channels=channel(b"A", x=2)), "channel A of other pixels"),
        (made(channels=channel(b"A") + b"\0junk"), "no valid channels"),
        (made(channels=channel(b"A") + b"B"), "truncated or damaged"),
        (made(channels=b"".join(channel(b"%04d" % k) for k in range(300))), "no valid channels"),
        (made(channels=channel(b"A")), "do not fill"),
        (made(channels=b"".join(map(channel, (b"A", b"B", b"C")))), "do not fill"),
        (made(window=(0, 0, 2**31 - 1, 2**31 - 1)), "is 2147483648x2147483648, not 2x2"),
        (made(window=(-(2**31), -(2**31), 2**31 - 1, 2**31 - 1)), "is 4294967296x4294967296"),
        (made(window=(1, 1, 0, 0)), "is 0x0, not 2x2"),
        (made(window=(0, 3, 1, 4)), "not that of line 0"),
        (made(more=attribute(b"x" * 300, b"string", b"")), "no name"),
        (made(more=b"x\0string\0" + struct.pack("<i", -5)), "header ends"),
        (made(more=b"x\0string\0" + struct.pack("<i", 2**31 - 1)), "header ends"),
        (made(more=attribute(b"x", b"string", bytes(MOST))), "header ends"),
    ],
)  # fmt: skip
def test_a_header_that_lies_is_refused(data, why):
    with pytest.raises(NotExr, match=why) as refused:
        ExrFile(data, 2, 2).channels("A")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("offset", [0, 1, 2**63, 2**64 - 1, 10**6])
def test_an_offset_outside_is_refused(offset):
    data = bytearray(made())
    table = len(data) - 2 * (8 + 16) - 16
    for number in range(2):
        wrong = data.copy()
        wrong[table + 8 * number : table + 8 * number + 8] = struct.pack("<Q", offset)
        with pytest.raises(NotExr, match="do not fill"):
            ExrFile(bytes(wrong), 2, 2)


@pytest.mark.parametrize(
    ("chunk", "why"),
    [
        (zlib.compress(bytes(64 << 20), 9), "a chunk that is not of 131072 bytes"),
        (zlib.compress(bytes(131071)), "a chunk that is not of 131072 bytes"),
        (zlib.compress(bytes(131072)) + b"more", "a chunk that is not of 131072 bytes"),
        (zlib.compress(bytes(131072))[:-1], "a chunk that is not of 131072 bytes"),
        (b"no zlib at all", "incorrect header check"),
    ],
)
def test_a_deflated_chunk_that_lies(chunk, why):
    zip_ = (b"compression", b"\3")
    whole = made(1024, 16, chunks={0: zlib.compress(bytes(131072))}, compression=zip_)
    assert ExrFile(whole, 1024, 16).channels("AB").shape == (16, 1024, 2)
    data = made(1024, 16, chunks={0: chunk}, compression=zip_)
    file = ExrFile(data, 1024, 16)
    tracemalloc.start()
    with pytest.raises(NotExr, match=why):
        file.channels("A")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def read_or_refused(data, width, height, *, flat):
    """What is read of the first channels, or None; whatever it is, it takes little memory."""
    tracemalloc.start()
    read, why = None, "has no "
    try:
        file = ExrFile(data, width, height, flat=flat)
        read = file.layer("Combined", "RGBA") if flat else file.channels("RGBA")
    except NotExr as error:
        why = str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert re.match(REFUSED, why), why
    assert "\n" not in why
    assert peak < 1 << 20
    return read


@settings(max_examples=400, deadline=None)
@given(edits=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6),
       keep=st.none() | st.integers(0, 1 << 16), flat=st.booleans())  # fmt: skip
def test_a_mutated_file_is_read_or_refused(edits, keep, flat):
    data = RAW if flat else ZIPPED
    mutated = bytearray(data)
    for at, value in edits:
        mutated[at % len(data)] = value
    read = read_or_refused(bytes(mutated[:keep]), WIDTH, HEIGHT, flat=flat)
    if keep is not None and keep < len(data):
        assert read is None
    if read is not None:
        assert read.shape == (HEIGHT, WIDTH, 4)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_every_number_of_the_header_may_lie(data):
    """Sizes, counts, offsets, dimensions: any four or eight bytes become any number."""
    flat = data.draw(st.booleans())
    mutated = bytearray(RAW if flat else ZIPPED)
    extreme = st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31), 255, 1 << 16, 1 << 20])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, 1200))
        number = data.draw(extreme | st.integers(-(2**31), 2**31 - 1))
        mutated[at : at + 4] = struct.pack("<i", number)
    read = read_or_refused(bytes(mutated), WIDTH, HEIGHT, flat=flat)
    assert read is None or read.shape == (HEIGHT, WIDTH, 4)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000), st.booleans())
def test_noise_is_refused(noise, headed):
    data = b"\x76\x2f\x31\x01\2\0\0\0" * headed + noise
    assert read_or_refused(data, WIDTH, HEIGHT, flat=True) is None


def test_no_damage_to_a_header_passes_as_another_picture():
    for data, rgba, flat in ((RAW, PASSES[COMBINED], True), (ZIPPED, RGBA, False)):
        refused = 0
        for at in range(700):
            damaged = bytearray(data)
            damaged[at] ^= 0x55
            read = read_or_refused(bytes(damaged), WIDTH, HEIGHT, flat=flat)
            if read is None:
                refused += 1
            else:
                np.testing.assert_array_equal(read, rgba)
        assert refused > 200
