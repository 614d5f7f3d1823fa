"""Blender's multilayer EXR: whole, of either naming, or refused in a sentence."""

import numpy as np
import pytest

from tests.raw_views import ball, write_exr
from worker.codecs.exr import ExrFile, NotExr


@pytest.mark.parametrize("layer", ["ViewLayer", "View Layer"])
def test_it_reads_back_what_was_written(tmp_path, layer):
    rgba = ball(40, 30)
    write_exr(tmp_path / "a.exr", rgba, layer, extra=["Depth.Z", "Noisy Image.R"])
    passes = ExrFile(tmp_path / "a.exr", 40, 30)
    read = passes.layer("Combined", "RGBA")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, rgba)
    assert passes.layer("Depth", "Z").shape == (30, 40, 1)
    named = [f"{layer}.Combined.{component}" for component in "AR"]
    held = ExrFile((tmp_path / "a.exr").read_bytes(), 40, 30).channels(named)
    np.testing.assert_array_equal(held, rgba[..., [3, 0]])


def test_a_cut_file_is_refused_wherever_it_is_cut(tmp_path):
    path = tmp_path / "000.exr"
    write_exr(path, ball(64, 64))
    data = path.read_bytes()
    for keep in (0, 4, 100, 500, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:keep])
        for source in (path, data[:keep]):
            with pytest.raises(NotExr, match=r"is (not an EXR file|truncated or damaged): "):
                ExrFile(source, 64, 64).layer("Combined", "RGBA")


def test_a_damaged_header_never_passes_as_another_picture(tmp_path):
    path = tmp_path / "000.exr"
    rgba = ball(16, 16)
    write_exr(path, rgba)
    data = path.read_bytes()
    header = data.index(b"ViewLayer.Combined.R") + 40
    refused = 0
    for at in range(0, header, 3):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        path.write_bytes(damaged)
        for source in (path, bytes(damaged)):
            try:
                read = ExrFile(source, 16, 16).layer("Combined", "RGBA")
            except NotExr:
                refused += 1
            else:
                np.testing.assert_array_equal(read, rgba)
    assert refused > 40


def test_half_floats_are_read_as_floats(tmp_path):
    rgba = ball(40, 30)
    write_exr(tmp_path / "half.exr", rgba, dtype=np.float16)
    read = ExrFile(tmp_path / "half.exr", 40, 30).layer("Combined", "RGBA")
    np.testing.assert_array_equal(read, rgba.astype(np.float16).astype(np.float32))


def test_another_size_kind_or_pass_is_refused(tmp_path):
    path = tmp_path / "a.exr"
    write_exr(path, ball(40, 30))
    with pytest.raises(NotExr, match="is 40x30, not 30x40"):
        ExrFile(path, 30, 40)
    with pytest.raises(NotExr, match=r"no pass Depth\.Z, only ViewLayer\.Combined\.A"):
        ExrFile(path, 40, 30).layer("Depth", "Z")
    with pytest.raises(NotExr, match="no channels R, only ViewLayer"):
        ExrFile(path.read_bytes(), 40, 30).channels("R")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(NotExr, match="is not an EXR file"):
        ExrFile(path, 40, 30)
