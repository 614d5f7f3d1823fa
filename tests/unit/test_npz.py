"""Arrays in a file of which every byte is accounted for."""

import io
import struct
import zipfile

import numpy as np
import pytest

from worker.codecs import npz

ARRAYS = {"coords": np.arange(12, dtype=np.float32).reshape(4, 3), "R": np.ones(4, np.uint16)}


def test_numpy_reads_back_what_was_written():
    with np.load(io.BytesIO(npz.compressed(ARRAYS)), allow_pickle=False) as found:
        assert found.files == list(ARRAYS)
        for name, array in ARRAYS.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)


def test_the_headers_say_nothing_of_the_python_that_wrote_them():
    data = npz.compressed(ARRAYS)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            needed, flags, method, time, date = struct.unpack_from(
                "<5H", data, info.header_offset + 4
            )
            (extra,) = struct.unpack_from("<H", data, info.header_offset + 28)
            assert (needed, flags, method, time, date, extra) == (20, 0, 8, 0, 0x21, 0)


def test_objects_are_not_pickled():
    with pytest.raises(ValueError):
        npz.compressed({"a": np.array([object()])})
