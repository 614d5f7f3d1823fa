"""PLY files of coloured points, ASCII and binary, and their reading back."""

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
    """What is read from a file."""

    xyz: NDArray[np.float32]
    """(n, 3)."""
    rgb: NDArray[np.uint8]
    """(n, 3), 8-bit sRGB."""
    normals: NDArray[np.float32] | None = None
    """(n, 3), if it has them."""


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
    """GPT4Point's: x y z red green blue, a vertex a line; floats as short as is exact."""
    rows = zip(xyz.astype(str).tolist(), rgb.astype(str).tolist(), strict=True)
    body = "".join(f"{' '.join(point)} {' '.join(colour)}\n" for point, colour in rows)
    return _header("ascii", len(xyz), normals=False) + body.encode("ascii")


def binary_file(
    xyz: NDArray[np.float32], rgb: NDArray[np.uint8], normals: NDArray[np.float32] | None
) -> bytes:
    """Little-endian; with nx ny nz after x y z if there are normals."""
    table = np.empty(len(xyz), _row(normals is not None))
    for names, values in ((XYZ, xyz), (NORMAL, normals), (COLOUR, rgb)):
        if values is not None:
            for number, name in enumerate(names):
                table[name] = values[:, number]
    header = _header("binary_little_endian", len(xyz), normals=normals is not None)
    return header + table.tobytes()


def read_ascii(data: bytes) -> Vertices:
    """Points and colours of an ASCII file of ours. Raises: NotAsWritten."""
    count, body = _opened(data, "ascii")
    try:
        rows = np.array(body.split(), np.float64).reshape(count, 6)
    except ValueError as error:
        raise NotAsWritten(f"a PLY of another length than its header says: {error}") from error
    return Vertices(rows[:, :3].astype(np.float32), rows[:, 3:].astype(np.uint8))


def read_binary(data: bytes) -> Vertices:
    """Points, colours and normals of a binary file of ours. Raises: NotAsWritten."""
    count, body = _opened(data, "binary_little_endian")
    with_normals = b"property float nx\n" in data[: len(data) - len(body)]
    row = _row(with_normals)
    if len(body) != count * row.itemsize:
        raise NotAsWritten("a PLY of another length than its header says")
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
        raise NotAsWritten(f"not a PLY of format {form}")
    return int(lines[2].rpartition(" ")[2]), body


def _row(normals: bool) -> np.dtype[np.void]:
    floats = (*XYZ, *NORMAL) if normals else XYZ
    return np.dtype([(name, "<f4") for name in floats] + [(name, "u1") for name in COLOUR])
