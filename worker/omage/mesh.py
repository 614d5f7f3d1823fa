"""Converts an object image to a mesh."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.omage import NORMAL, POSITION, Omage, occupied


class Mesh(msgspec.Struct, frozen=True):
    """A triangle mesh with one vertex per occupied pixel.

    points (V, 3) in -1 to 1, Z up; triangles (T, 3); normals (V, 3) of length 1, or 0 if unknown;
    uv (V, 2); pixels (V,) the index of each vertex's pixel in row-major order.
    """

    points: NDArray[np.float32]
    triangles: NDArray[np.uint32]
    normals: NDArray[np.float32]
    uv: NDArray[np.float32]
    pixels: NDArray[np.int64]


def mesh_of(omage: Omage) -> Mesh:
    """Convert an object image: a vertex per occupied pixel, two triangles per 2x2 occupied pixels.

    A triangle whose face normal opposes the normals of its pixels is flipped. Charts are separated
    by unoccupied pixels, and triangles do not wrap around the image's borders.
    """
    size = len(omage)
    inside = occupied(omage)
    pixels = np.flatnonzero(inside)
    number = np.full(size * size, -1)
    number[pixels] = np.arange(len(pixels))
    number = number.reshape(size, size)
    full = inside[:-1, :-1] & inside[:-1, 1:] & inside[1:, :-1] & inside[1:, 1:]
    a, b, c, d = (
        part[full] for part in (number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:])
    )
    points = omage[..., POSITION].reshape(-1, 3)[pixels] * 2.0 - 1.0
    normals = omage[..., NORMAL].reshape(-1, 3)[pixels] * 2.0 - 1.0
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)
    triangles = np.concatenate([np.stack([a, b, c], axis=1), np.stack([d, c, b], axis=1)])
    p, q, r = (points[triangles[:, corner]] for corner in range(3))
    own = np.cross(q - p, r - p)
    opposed = (own * normals[triangles].sum(axis=1)).sum(axis=1) < 0.0
    triangles[opposed] = triangles[opposed][:, [0, 2, 1]]
    rows, columns = np.divmod(pixels, size)
    uv = np.stack([columns, rows], axis=1) / (size - 1)
    return Mesh(
        points.astype(np.float32),
        triangles.astype(np.uint32),
        normals.astype(np.float32),
        uv.astype(np.float32),
        pixels,
    )
