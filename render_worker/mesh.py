"""The mesh of an object, from the binary PLY of its zip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from render_worker.decode import Undecodable

FILE: Final = "mesh.ply"
LONGEST_HEADER: Final = 4096
HEADER: Final = re.compile(
    rb"ply\nformat binary_little_endian 1\.0\n(?:comment [^\n]*\n)*"
    rb"element vertex ([0-9]{1,9})\nproperty float x\nproperty float y\nproperty float z\n"
    rb"element face ([0-9]{1,9})\nproperty list uchar int vertex_indices\nend_header\n"
)
CORNERS: Final = 3
FACE: Final = np.dtype([("size", "u1"), ("corners", "<i4", (CORNERS,))])
POINT_BYTES: Final = 12


@dataclass(frozen=True, eq=False)
class Mesh:
    """The object as rendered, in the world of its cameras: Z up, their unit."""

    points: NDArray[np.float32]
    """(V, 3)."""
    triangles: NDArray[np.int32]
    """(T, 3), indices of points; counterclockwise as seen from outside, where the file is so."""


def decoded(data: bytes) -> Mesh:
    """The mesh of a PLY file, as the worker writes it. Raises: Undecodable."""
    header = HEADER.match(data[:LONGEST_HEADER])
    if header is None:
        raise Undecodable("not a PLY of points and triangles")
    vertices, faces = int(header[1]), int(header[2])
    middle = header.end() + POINT_BYTES * vertices
    if len(data) != middle + FACE.itemsize * faces:
        raise Undecodable("a PLY whose length does not match its header")
    points = np.frombuffer(data[header.end() : middle], "<f4").reshape(-1, 3)
    found: NDArray[Any] = np.frombuffer(data[middle:], FACE)
    corners: NDArray[np.int32] = np.ascontiguousarray(found["corners"])
    if not np.isfinite(points).all() or (found["size"] != CORNERS).any():
        raise Undecodable("a PLY with points that are not finite, or faces that are no triangles")
    if faces and not (corners.min() >= 0 and corners.max() < vertices):
        raise Undecodable("a PLY with triangles of points that it does not have")
    return Mesh(points, corners)
