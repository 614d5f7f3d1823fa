"""The file that HDF5 writes to: a file like any, also where the disk takes no more."""

import contextlib
import os
import random
import resource

import pytest

from worker.export.hdf5_sink import Hdf5Sink


@contextlib.contextmanager
def at_most(size):
    """No file grows beyond `size` bytes: a full disk for one process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("limit", [4096, 1 << 20])
def test_what_was_written_is_read_back_whether_the_disk_took_it_or_not(tmp_path, limit):
    draw = random.Random(7)
    model = bytearray()
    with Hdf5Sink(tmp_path / "file") as sink, at_most(limit):
        for _ in range(300):
            start, data = draw.randrange(8000), draw.randbytes(draw.randrange(1, 600))
            assert sink.seek(start) == start
            assert sink.write(memoryview(data)) == len(data)
            model.extend(bytes(max(0, start + len(data) - len(model))))
            model[start : start + len(data)] = data
            sink.seek(draw.randrange(8000))
            place, buffer = sink.tell(), bytearray(500)
            assert sink.readinto(buffer) == 500
            assert buffer == bytes(model[place : place + 500]).ljust(500, b"\0")
            assert sink.seek(0, os.SEEK_END) == len(model)
        assert bool(sink.refused) is (limit == 4096)
    if limit > 4096:
        assert (tmp_path / "file").read_bytes() == model


def test_it_is_a_new_file(tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        Hdf5Sink(tmp_path / "file")


def test_truncated(tmp_path):
    with Hdf5Sink(tmp_path / "file") as sink:
        sink.write(b"x" * 100)
        sink.truncate(40)
        assert sink.seek(0, os.SEEK_END) == 40
        with at_most(50):
            sink.truncate(70)
        assert sink.refused
