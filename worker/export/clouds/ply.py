"""Writes and reads back PLY files of coloured points, ASCII and binary."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.export.base import NotAsWritten

XYZ: Final = ("x", "y", "z")
NORMAL: Final = ("nx", "ny", "nz")
COLOUR: Final = ("red", "green", "blue")


class Vertices(msgspec.Struct, frozen=True):
    """The vertices of a PLY file."""

    xyz: NDArray[np.float32]
    """(n, 3)."""
    rgb: NDArray[np.uint8]
    """(n, 3), 8-bit sRGB."""
    normals: NDArray[np.float32] | None = None
    """(n, 3), if the file has normals."""


def _header(form: str, count: int, *, normals: bool) -> bytes:
    floats = (*XYZ, *NORMAL) if normals else XYZ
    lines = [
        "ply",
        f"format {form} 1.0",
        f"element vertex {count}",
        *(f"property float {name}" for name in floats),
        *(f"property uchar {name}" for name in COLOUR),
        "end_header",
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def ascii_file(xyz: NDArray[np.float32], rgb: NDArray[np.uint8]) -> bytes:
    """Encode (n, 3) points and 8-bit colours as GPT4Point's ASCII PLY.

    Each line is one vertex: x y z red green blue. Floats have the fewest digits that are exact.
    """
    rows = zip(xyz.astype(str).tolist(), rgb.astype(str).tolist(), strict=True)
    body = "".join(f"{' '.join(point)} {' '.join(colour)}\n" for point, colour in rows)
    return _header("ascii", len(xyz), normals=False) + body.encode("ascii")


def binary_file(
    xyz: NDArray[np.float32], rgb: NDArray[np.uint8], normals: NDArray[np.float32] | None
) -> bytes:
    """Encode (n, 3) points, 8-bit colours and optional normals as little-endian binary PLY.

    The order is x y z, then nx ny nz if there are normals, then red green blue.
    """
    table = np.empty(len(xyz), _row(normals is not None))
    for names, values in ((XYZ, xyz), (NORMAL, normals), (COLOUR, rgb)):
        if values is not None:
            for number, name in enumerate(names):
                table[name] = values[:, number]
    header = _header("binary_little_endian", len(xyz), normals=normals is not None)
    return header + table.tobytes()


def read_ascii(data: bytes) -> Vertices:
    """Read a file that `ascii_file` wrote. Raises: NotAsWritten."""
    count, body = _opened(data, "ascii")
    try:
        rows = np.array(body.split(), np.float64).reshape(count, 6)
    except ValueError as error:
        raise NotAsWritten(f"the PLY's length does not match its header: {error}") from error
    return Vertices(rows[:, :3].astype(np.float32), rows[:, 3:].astype(np.uint8))


def read_binary(data: bytes) -> Vertices:
    """Read a file that `binary_file` wrote. Raises: NotAsWritten."""
    count, body = _opened(data, "binary_little_endian")
    with_normals = b"property float nx\n" in data[: len(data) - len(body)]
    row = _row(with_normals)
    if len(body) != count * row.itemsize:
        raise NotAsWritten("the PLY's length does not match its header")
    table = np.frombuffer(body, row)
    return Vertices(
        np.stack([table[name] for name in XYZ], axis=-1),
        np.stack([table[name] for name in COLOUR], axis=-1),
        np.stack([table[name] for name in NORMAL], axis=-1) if with_normals else None,
    )


def _opened(data: bytes, form: str) -> tuple[int, bytes]:
    head, end, body = data.partition(b"end_header\n")
    lines = head.decode("ascii", "replace").splitlines()
    if not end or lines[:2] != ["ply", f"format {form} 1.0"]:
        raise NotAsWritten(f"the file is not a PLY of format {form}")
    return int(lines[2].rpartition(" ")[2]), body


def _row(normals: bool) -> np.dtype[np.void]:
    floats = (*XYZ, *NORMAL) if normals else XYZ
    return np.dtype([(name, "<f4") for name in floats] + [(name, "u1") for name in COLOUR])
