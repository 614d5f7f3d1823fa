"""Object images (omages): a surface unwrapped on a square."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from render_worker import decode
from render_worker.decode import Undecodable

CHANNELS: Final = 12
KEY: Final = "arr_0.npy"
LARGEST: Final = 4096
TOP: Final = 65535
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Omage:
    """An object image of R x R pixels; row 0 is v = 0, and pixel (i, j) has uv (j, i) / (R - 1).

    Positions and normals have Z up. Values are meaningful where `occupancy` is true.
    """

    raw: NDArray[np.uint16]
    """(R, R, 12) as stored: value * 65535."""

    @property
    def values(self) -> Floats:
        """(R, R, 12) float32, 0 to 1: what the omages' own reader returns."""
        return np.divide(self.raw, np.float32(TOP), dtype=np.float32)

    @property
    def occupancy(self) -> NDArray[np.bool_]:
        """(R, R) bool: whether a chart covers the pixel."""
        return np.asarray(self.raw[..., 3] > TOP // 2)

    @property
    def position(self) -> Floats:
        """(R, R, 3) float32: on the object, whose longest side is 1.9999; NaN without a chart."""
        return np.where(self.occupancy[..., None], self.values[..., 0:3] * 2 - 1, np.float32("nan"))

    @property
    def normal(self) -> Floats:
        """(R, R, 3) float32: unit vectors; 0 without a chart."""
        return np.where(self.occupancy[..., None], self.values[..., 4:7] * 2 - 1, np.float32(0))

    @property
    def albedo(self) -> Floats:
        """(R, R, 3) float32, 0 to 1, linear."""
        return self.values[..., 7:10]

    @property
    def metallic(self) -> Floats:
        """(R, R) float32, 0 to 1."""
        return self.values[..., 10]

    @property
    def roughness(self) -> Floats:
        """(R, R) float32, 0 to 1."""
        return self.values[..., 11]


def decoded(data: bytes) -> Omage:
    """The object image of an NPZ file, which is compressed. Raises: Undecodable."""
    limit = LARGEST * LARGEST * CHANNELS * 2 + 1024
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            size = opened.getinfo(KEY).file_size
            if size > limit:
                raise Undecodable(f"an NPZ that unpacks to {size >> 20} MB")
            array: NDArray[Any] = decode.npy(opened.read(KEY))
    except (
        zipfile.BadZipFile, zlib.error, KeyError, OSError, EOFError, RuntimeError,
        NotImplementedError,
    ) as error:  # fmt: skip
        raise Undecodable(f"not a complete NPZ with arr_0: {error}") from error
    if array.shape != (*array.shape[:1] * 2, CHANNELS) or array.dtype != np.uint16:
        raise Undecodable(f"an NPZ of {array.dtype} {array.shape}")
    return Omage(array)
