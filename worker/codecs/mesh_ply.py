"""Triangle meshes as binary PLY: vertices of x, y, z and faces of three vertex indices."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

END: Final = b"end_header\n"
LONGEST_HEADER: Final = 4096
_VERTEX: Final = np.dtype("<f4")
_FACE: Final = np.dtype([("size", "u1"), ("corners", "<i4", (3,))])


class NotMeshPly(ValueError):
    """The bytes are no file of `encode`."""


class PlyMesh(msgspec.Struct, frozen=True):
    """A mesh: points (V,3); triangles (T,3), indices of points."""

    points: NDArray[np.float32]
    triangles: NDArray[np.int32]


def _header(vertices: int, faces: int, comments: tuple[str, ...]) -> bytes:
    lines = [
        "ply",
        "format binary_little_endian 1.0",
        *(f"comment {comment}" for comment in comments),
        f"element vertex {vertices}",
        *(f"property float {axis}" for axis in "xyz"),
        f"element face {faces}",
        "property list uchar int vertex_indices",
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii") + END


def encode(mesh: PlyMesh, comments: tuple[str, ...] = ()) -> bytes:
    """The bytes of a PLY, little-endian; `comments` are lines of its header, in ASCII."""
    faces = np.empty(len(mesh.triangles), _FACE)
    faces["size"], faces["corners"] = 3, mesh.triangles
    points = np.ascontiguousarray(mesh.points, _VERTEX)
    return _header(len(points), len(faces), comments) + points.tobytes() + faces.tobytes()


def decode(data: bytes) -> PlyMesh:
    """Read a file that `encode` wrote, with finite points and triangles of these points.

    Raises: NotMeshPly.
    """
    end = data.find(END, 0, LONGEST_HEADER)
    if end < 0:
        raise NotMeshPly("it is no PLY")
    if not data[:end].isascii():
        raise NotMeshPly("its header is not ASCII")
    lines = data[:end].decode("ascii").splitlines()
    comments = tuple(line[8:] for line in lines if line.startswith("comment "))
    counts = [line.rpartition(" ")[2] for line in lines if line.startswith("element ")]
    if len(counts) != 2 or not all(count.isdecimal() for count in counts):  # noqa: PLR2004
        raise NotMeshPly("its header does not name vertices and faces")
    vertices, faces = (int(count[:10]) for count in counts)
    start = end + len(END)
    middle = start + 3 * _VERTEX.itemsize * vertices
    if data[:start] != _header(vertices, faces, comments) or (
        len(data) != middle + _FACE.itemsize * faces
    ):
        raise NotMeshPly("its length or its properties are not those of a mesh of triangles")
    points = np.frombuffer(data[start:middle], _VERTEX).reshape(-1, 3)
    found = np.frombuffer(data[middle:], _FACE)
    corners: NDArray[np.int32] = found["corners"]
    if not (vertices and faces and np.isfinite(points).all() and (found["size"] == 3).all()):  # noqa: PLR2004
        raise NotMeshPly("it has no triangles, other faces, or points that are not finite")
    if corners.min() < 0 or corners.max() >= vertices:
        raise NotMeshPly("it has triangles of points that it does not have")
    return PlyMesh(points, corners)
