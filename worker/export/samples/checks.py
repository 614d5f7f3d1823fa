"""HDF5 files of samples, read back."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.export.base import NotAsWritten
from worker.export.samples.read import FIELDS

KNOWN: Final = frozenset({*FIELDS, "idx", "uid"})
ROWS: Final = "rows"
"""The attribute of a mixed file: how many rows of each of `order.PARTS`."""
BOUND: Final = 11
"""The standardised colour that is farthest from 0 is the green of L*a*b*, at 10.1."""


def rows(file: h5py.File, count: int) -> None:
    """Every column has a row for each sample, of `count` zips. Raises: NotAsWritten."""
    if not file.keys() >= KNOWN:
        raise _wrong(file, f"has only {', '.join(file)}")
    index = file["idx"][:]
    if not len(index) or len(np.unique(index)) != len(index):
        raise _wrong(file, "has not one row of each sample")
    if other := [name for name in file if len(file[name]) != len(index)]:
        raise _wrong(file, f"has not {len(index)} rows in {', '.join(other)}")
    if len(np.unique(file["uid"][:])) != count:
        raise _wrong(file, f"has not the samples of {count} zips")


def in_order(file: h5py.File) -> None:
    """Rows are in the order of their indices. Raises: NotAsWritten."""
    if (np.diff(file["idx"][:]) <= 0).any():
        raise _wrong(file, "has rows that are not in the order of their indices")


def in_parts(file: h5py.File) -> None:
    """What is held out stands behind what is trained on, sample by sample. Raises: NotAsWritten."""
    index, ends = file["idx"][:], np.cumsum(file.attrs[ROWS])
    parts = [part for part in np.split(index, ends[:-1]) if len(part)]
    if ends[-1] != len(index) or any(
        left.max() >= right.min() for left, right in itertools.pairwise(parts)
    ):
        raise _wrong(file, "has rows to validate or test among those to train on")


def pictures(file: h5py.File) -> None:
    """Every PNG decodes, and all have one size. Raises: NotAsWritten."""
    sizes = set()
    for column in sorted(file.keys() & {"png_images", "png_targets"}):
        for row, data in enumerate(_each(file[column])):
            try:
                with Image.open(io.BytesIO(data.tobytes()), formats=("PNG",)) as image:
                    image.load()
                    sizes.add(image.size)
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
                raise _wrong(
                    file, f"has a {column}[{row}] that does not decode: {error}"
                ) from error
    if len(sizes) != 1:
        raise _wrong(file, f"has pictures of the sizes {sorted(sizes)}")


def data(file: h5py.File, edge: int) -> None:
    """Pictures of this edge with values that colours have. Raises: NotAsWritten."""
    column = file["data"]
    if column.dtype != np.float16 or column.shape[1:] != (3, edge, edge):
        raise _wrong(file, f"has data of {column.dtype} {column.shape}")
    for row, values in enumerate(_each(column)):
        if not (np.abs(values) < BOUND).all():  # NaN is not, either
            raise _wrong(file, f"has in data[{row}] what is no colour's value")


def _each(column: h5py.Dataset) -> Iterator[NDArray[Any]]:
    """Every row, read by chunks."""
    for part in column.iter_chunks():
        yield from column[part]


def _wrong(file: h5py.File, what: str) -> NotAsWritten:
    return NotAsWritten(f"{PurePosixPath(file.filename).name} {what}")
