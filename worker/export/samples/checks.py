"""Checks HDF5 files of samples by reading them back."""

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
"""Attribute of a shuffled file: the number of rows of each of `order.PARTS`."""
BOUND: Final = 11
"""Bound of standardised colours; the largest is 10.1, the green of L*a*b*."""


def rows(file: h5py.File, count: int) -> None:
    """Check that every column has one row per sample, of `count` zips. Raises: NotAsWritten."""
    if not file.keys() >= KNOWN:
        raise _wrong(file, f"has only {', '.join(file)}")
    index = file["idx"][:]
    if not len(index) or len(np.unique(index)) != len(index):
        raise _wrong(file, "does not have exactly one row per sample")
    if other := [name for name in file if len(file[name]) != len(index)]:
        raise _wrong(file, f"does not have {len(index)} rows in {', '.join(other)}")
    if len(np.unique(file["uid"][:])) != count:
        raise _wrong(file, f"does not have the samples of {count} zips")


def in_order(file: h5py.File) -> None:
    """Check that rows are ordered by sample index. Raises: NotAsWritten."""
    if (np.diff(file["idx"][:]) <= 0).any():
        raise _wrong(file, "has rows that are not ordered by sample index")


def in_parts(file: h5py.File) -> None:
    """Check that training, validation and test rows follow each other. Raises: NotAsWritten."""
    index, ends = file["idx"][:], np.cumsum(file.attrs[ROWS])
    parts = [part for part in np.split(index, ends[:-1]) if len(part)]
    if ends[-1] != len(index) or any(
        left.max() >= right.min() for left, right in itertools.pairwise(parts)
    ):
        raise _wrong(file, "has validation or test rows among the training rows")


def pictures(file: h5py.File) -> None:
    """Check that every PNG decodes and all have the same size. Raises: NotAsWritten."""
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
        raise _wrong(file, f"has images of different sizes: {sorted(sizes)}")


def data(file: h5py.File, edge: int) -> None:
    """Check the shape, type and value range of the images. Raises: NotAsWritten."""
    column = file["data"]
    if column.dtype != np.float16 or column.shape[1:] != (3, edge, edge):
        raise _wrong(file, f"has data of type {column.dtype} and shape {column.shape}")
    for row, values in enumerate(_each(column)):
        if not (np.abs(values) < BOUND).all():  # false for NaN
            raise _wrong(file, f"has values in data[{row}] that are not colours")


def _each(column: h5py.Dataset) -> Iterator[NDArray[Any]]:
    """Iterate over the rows, reading one chunk at a time."""
    for part in column.iter_chunks():
        yield from column[part]


def _wrong(file: h5py.File, what: str) -> NotAsWritten:
    return NotAsWritten(f"{PurePosixPath(file.filename).name} {what}")
