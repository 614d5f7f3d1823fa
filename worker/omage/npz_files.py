"""Object images as ``.npz`` files: the array ``arr_0``, uint16, of value * 65535, truncated."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import npz
from worker.omage import OMAGE_CHANNELS, Omage

KEY: Final = "arr_0"
TOP: Final = 65535
LARGEST: Final = 4096
COMPRESSED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""How numpy stores arrays; other decoders of `zipfile` get no bytes."""
SIZE_LIMIT: Final = 1 << 30
"""Maximum size of a decompressed file, in bytes; the largest image has 768 MB as float32."""


class NotOmage(ValueError):
    """Not an object image; the message says what is wrong."""


def quantised(omage: Omage) -> NDArray[np.uint16]:
    """(R, R, 12) uint16, as stored in a file."""
    return (omage.astype(np.float64) * TOP).astype(np.uint16)


def encode(stored: NDArray[np.uint16]) -> bytes:
    """The bytes of a file; they depend only on the values."""
    return npz.compressed({KEY: stored})


def decode(data: bytes) -> NDArray[Any]:
    """The array of a file, (R, R, 12), uint16 or floats. Raises: NotOmage."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(info.file_size for info in archive.infolist())
            if not {info.compress_type for info in archive.infolist()} <= COMPRESSED:
                raise ValueError("it is compressed with something other than deflate")  # noqa: TRY301 - joins the others
        arrays = {} if size > SIZE_LIMIT else dict(np.load(io.BytesIO(data), allow_pickle=False))
    except Exception as error:  # an NPY header is parsed as Python and may raise anything
        raise NotOmage(f"not a complete .npz file: {error}") from error
    if KEY not in arrays:
        names = ", ".join(arrays) or "none"
        raise NotOmage(f"no array '{KEY}' (it has: {names}; {size >> 20} MB unpacked)")
    found: NDArray[Any] = arrays[KEY]
    if not isinstance(found, np.ndarray) or found.shape != (*found.shape[:1] * 2, OMAGE_CHANNELS):
        raise NotOmage(
            f"'{KEY}' is {getattr(found, 'shape', 'no array')}, not (R, R, {OMAGE_CHANNELS})"
        )
    if not 1 < len(found) <= LARGEST:
        raise NotOmage(f"{len(found)} pixels wide, allowed: 2 to {LARGEST}")
    if found.dtype != np.uint16 and found.dtype.kind != "f":
        raise NotOmage(f"values of type {found.dtype}, not uint16 or floats")
    return found


def values(stored: NDArray[Any]) -> Omage:
    """Convert uint16 or floats to float32 in 0 to 1; NaN becomes 0."""
    if stored.dtype == np.uint16:
        return (stored / np.float64(TOP)).astype(np.float32)
    return np.clip(np.nan_to_num(stored.astype(np.float32)), 0.0, 1.0)
