"""HDF5 files, the same bytes for the same rows; rows are added as they come.

Nothing in a file tells the time, and its structures are those of HDF5 1.8 to 1.10, which every
reader of today takes. Memory holds the rows of one call and a chunk of each column.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import h5py
import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.core.errors import NodeError
from worker.export.base import NotAsWritten
from worker.export.hdf5_sink import Hdf5Sink

VERSIONS: Final = ("earliest", "v110")
"""The default differs from one HDF5 library to the next."""
CHUNK_BYTES: Final = 1 << 18
CHUNK_ROWS: Final = 256
WHOLE_BYTES: Final = 1 << 26
"""A column of less is put into another order at once, a larger one row by row."""


class Column(msgspec.Struct, frozen=True):
    """A data set of which every row has this shape and type."""

    shape: tuple[int, ...]
    dtype: Any
    """NumPy's, or `BYTES`."""

    @property
    def chunk(self) -> tuple[int, ...]:
        """Rows that lie together: up to 256 KB, so that a reader of one gets few others."""
        size = math.prod(self.shape) * np.dtype(self.dtype).itemsize
        return (max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(1, size))), *self.shape)


BYTES: Final = Column((), h5py.vlen_dtype(np.uint8))
"""A column of files: as many bytes in each row as there are."""

Values = NDArray[Any] | Sequence[bytes]
"""Some rows of a column: an array whose first axis they are, or a file each."""


def column_of(values: Values) -> Column:
    """The column that takes such rows."""
    if isinstance(values, np.ndarray):
        return Column(values.shape[1:], values.dtype)
    return BYTES


class NewFile(msgspec.Struct, frozen=True):
    """A file that is being written, and where its bytes go."""

    file: h5py.File
    sink: Hdf5Sink


class Table:
    """Columns of equally many rows, in a file that is being written."""

    def __init__(self, new: NewFile, columns: Mapping[str, Column]) -> None:
        self.rows = 0
        self._sink = new.sink
        self._columns = {
            name: new.file.create_dataset(
                name, (0, *column.shape), maxshape=(None, *column.shape), dtype=column.dtype,
                chunks=column.chunk, track_times=False,
            )
            for name, column in sorted(columns.items())
        }  # fmt: skip

    def append(self, rows: Mapping[str, Values]) -> None:
        """Add equally many rows to every column. Raises: OSError, when the disk refuses them."""
        (count,) = {len(values) for values in rows.values()}
        for name, values in sorted(rows.items()):
            column = self._columns[name]
            column.resize(self.rows + count, axis=0)
            if isinstance(values, np.ndarray):
                column[self.rows :] = values
                continue
            for place, data in enumerate(values, self.rows):
                column[place] = np.frombuffer(data, np.uint8)
        self.rows += count
        self._check()

    def reorder(self, order: NDArray[np.intp]) -> None:
        """Put row `order[i]` in place i, in columns of arrays, and in no more room than they have.

        `order` has every row once. Raises: OSError, when the disk refuses them.
        """
        for column in self._columns.values():
            if column.size * column.dtype.itemsize <= WHOLE_BYTES:
                column[:] = column[:][order]
            else:
                self._along_cycles(column, order)
            self._check()

    def _along_cycles(self, column: h5py.Dataset, order: NDArray[np.intp]) -> None:
        """One row after the other to where it belongs; memory holds two."""
        done = np.zeros(len(order), np.bool_)
        for start in range(len(order)):
            if done[start]:
                continue
            first, place = column[start], start
            while (source := int(order[place])) != start:
                column[place] = column[source]
                done[place] = True
                place = source
                self._check()
            column[place] = first
            done[place] = True

    def _check(self) -> None:
        if self._sink.refused:
            raise self._sink.refused


@contextlib.contextmanager
def writing(path: Path) -> Iterator[NewFile]:
    """A new file. Raises: NodeError, when the disk does not take it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(Hdf5Sink(path)) as sink:
            with h5py.File(sink, "w", libver=VERSIONS) as file:
                yield NewFile(file, sink)
            if sink.refused:
                raise sink.refused
    except OSError as error:
        raise NodeError(
            f"{path.name} cannot be written to {path.parent}: {error.strerror or error}; free "
            "some space there, or name another folder with --scratch"
        ) from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """A file that was written. Raises: NotAsWritten, where it cannot be read."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError, RuntimeError) as error:
        raise NotAsWritten(f"{path.name}: {error}") from error
