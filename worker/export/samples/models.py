"""The models of posed objects, as BOP has them: in mm, Z up, centred by their bounding boxes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import mesh_ply
from worker.codecs.mesh_ply import NotMeshPly, PlyMesh
from worker.contract.linear import product
from worker.core import keys
from worker.export.zips import RenderZip

MM: Final = 1000.0
"""mm in a world unit."""
TO_Y_UP: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""Rotates a point of a model, Z up, to the axes of the object in its zip, Y up."""
DIRECTIONS: Final = 1024
"""Directions in which the farthest points are looked for."""
AT_ONCE: Final = 32


def read(zipped: RenderZip, uid: str, scale: float) -> PlyMesh:
    """The model of object `uid` of a zip, in which it has this `scale`. Raises: RenderFailed."""
    name = keys.scene_mesh(uid)
    try:
        found = mesh_ply.decode(zipped.read(name))
    except NotMeshPly as error:
        raise zipped.damaged(f"has a {name} that does not decode: {error}") from error
    points = product(found.points.astype(np.float64) * (scale * MM), TO_Y_UP)
    return PlyMesh(points.astype(np.float32), found.triangles)


def info(mesh: PlyMesh) -> dict[str, float]:
    """BOP's description of a model in models_info.json: diameter and bounding box, in mm."""
    low, high = (end(mesh.points.astype(np.float64), axis=0).tolist() for end in (np.min, np.max))
    made: dict[str, float] = {"diameter": diameter(mesh.points.astype(np.float64))}
    for axis, start, end in zip("xyz", low, high, strict=True):
        made |= {f"min_{axis}": start, f"size_{axis}": end - start}
    return made


def diameter(points: NDArray[np.float64]) -> float:
    """The largest distance of two of the points (V,3).

    Too small by 2 in 1,000 at most: it is the largest distance of points that are farthest apart in
    one of many directions, and of those that are farthest from these.
    """
    best, pair = -1.0, (0, 0)
    for first in range(0, DIRECTIONS, AT_ONCE):
        along = product(points, _DIRECTIONS[first : first + AT_ONCE].T)
        for low, high in zip(along.argmin(axis=0), along.argmax(axis=0), strict=True):
            found = _distances(points[[high]], points[low])[0]
            if found > best:
                best, pair = float(found), (int(low), int(high))
    while True:
        distances = [_distances(points, points[end]) for end in pair]
        found, one, other = max(
            (float(each.max()), end, int(each.argmax()))
            for each, end in zip(distances, pair, strict=True)
        )
        if found <= best:
            return best
        best, pair = found, (one, other)


def _distances(points: NDArray[Any], point: NDArray[Any]) -> NDArray[np.float64]:
    away = points - point
    found: NDArray[np.float64] = np.sqrt(
        away[:, 0] * away[:, 0] + away[:, 1] * away[:, 1] + away[:, 2] * away[:, 2]
    )
    return found


def _half_sphere() -> NDArray[np.float64]:
    """Unit vectors (DIRECTIONS,3), spread evenly over half a sphere."""
    number = np.arange(DIRECTIONS) + 0.5
    z = number / DIRECTIONS
    turn = np.pi * (1 + 5**0.5) * number
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)


_DIRECTIONS: Final = _half_sphere()
