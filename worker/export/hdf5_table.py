"""Reproducible HDF5 tables: the same rows give the same bytes. Rows are appended.

Files hold no times and use structures of HDF5 1.8 to 1.10, which all current readers support.
Memory holds the rows of one call and one chunk of each column.
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
"""The HDF5 format versions used; set explicitly, since the default depends on the library."""
CHUNK_BYTES: Final = 1 << 18
CHUNK_ROWS: Final = 256
WHOLE_BYTES: Final = 1 << 26
"""A smaller column is reordered in memory, a larger one row by row."""


class Column(msgspec.Struct, frozen=True):
    """The shape and type of every row of an HDF5 dataset."""

    shape: tuple[int, ...]
    dtype: Any
    """A NumPy type, or that of `BYTES`."""

    @property
    def chunk(self) -> tuple[int, ...]:
        """The chunk shape: at most 256 KB, so that reading one row loads few others."""
        size = math.prod(self.shape) * np.dtype(self.dtype).itemsize
        return (max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(1, size))), *self.shape)


BYTES: Final = Column((), h5py.vlen_dtype(np.uint8))
"""A column of files: each row is a byte string of any length."""

Values = NDArray[Any] | Sequence[bytes]
"""Rows of a column: an array whose first axis is the row, or one file per row."""


def column_of(values: Values) -> Column:
    """The column that these rows belong to."""
    if isinstance(values, np.ndarray):
        return Column(values.shape[1:], values.dtype)
    return BYTES


class NewFile(msgspec.Struct, frozen=True):
    """An HDF5 file being written, and the sink below it."""

    file: h5py.File
    sink: Hdf5Sink


class Table:
    """Columns of equal length in a file being written."""

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
        """Append the same number of rows to every column. Raises: OSError, if a write fails."""
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
        """Move row `order[i]` to row i, in place; `order` is a permutation.

        Every column must hold arrays. Raises: OSError, if a write fails.
        """
        for column in self._columns.values():
            if column.size * column.dtype.itemsize <= WHOLE_BYTES:
                column[:] = column[:][order]
            else:
                self._along_cycles(column, order)
            self._check()

    def _along_cycles(self, column: h5py.Dataset, order: NDArray[np.intp]) -> None:
        """Permute the rows cycle by cycle; memory holds two rows."""
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
    """Create an HDF5 file. Raises: NodeError, if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(Hdf5Sink(path)) as sink:
            with h5py.File(sink, "w", libver=VERSIONS) as file:
                yield NewFile(file, sink)
            if sink.refused:
                raise sink.refused
    except OSError as error:
        raise NodeError(
            f"cannot write {path.name} to {path.parent}: {error.strerror or error}; free some "
            "space there, or choose another folder with --scratch"
        ) from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """Open a written file to check it. Raises: NotAsWritten, if it cannot be read."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError, RuntimeError) as error:
        raise NotAsWritten(f"{path.name}: {error}") from error
