"""Merges vertices of an image's mesh where one edge would be of more than two triangles."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from worker.blender.omage.seams import grid
from worker.blender.omage.seams.samples import Moves
from worker.blender.omage.union import Ints

ROUNDS = 24
STEPS = 65535
"""Steps of a stored position from 0 to 1: points that round down to the same one are equal."""
BITS = 16
"""Of a stored coordinate."""
DIAGONALS = (((0, 1, 2), (3, 2, 1)), ((0, 1, 3), (0, 3, 2)))
"""The triangles of four pixels (row and row, row and next, next and row, next and next)."""


@dataclasses.dataclass(frozen=True)
class _Mesh:
    """Triangles near the ends of an image's mesh, of distinct vertices, some of which are points.

    A vertex is one of the points, which have the smallest numbers, or a pixel. corners (T,3);
    chart (T,). ends: by number, whether the mesh ends there, or did before vertices were merged.
    """

    corners: Ints
    chart: Ints
    ends: npt.NDArray[np.bool_]
    points: int


def merged(
    charts: Ints, moves: Moves, nodes: int, image: npt.NDArray[np.float32]
) -> tuple[Moves, int]:
    """Merge points and pixels until no edge near the charts' ends is of more than two triangles.

    charts (R,R): each pixel's chart, -1 for none. The first `nodes` points are kept in their
    places. image (R,R,C): its first channels are the positions of pixels that do not move. Both
    ways to cut four pixels into triangles are provided for.

    Returns: the moves, their points (P,3) in the image's numbers, float32; and the number of edges
    that are not in two triangles, in the first of these ways.
    """
    points = len(moves.points)
    base = points + np.arange(charts.size)
    base[moves.pixels[:, 0] * len(charts) + moves.pixels[:, 1]] = moves.point
    there = np.clip((moves.points + 1.0) / 2.0, 0.0, 1.0).astype(np.float32)
    places = np.concatenate([there, image[..., :3].reshape(-1, 3)])
    into = _equal(places, charts)
    for _ in range(ROUNDS):
        done = True
        for diagonal in range(len(DIAGONALS)):
            for away, kept in _crowded(_mesh(charts, base, into, diagonal), nodes):
                if into[away] == away and into[kept] == kept:
                    into[away] = kept
                    done = False
            while not np.array_equal(into, into[into]):
                into = into[into]
        if done:
            break
    vertex = into[base]
    pixels = np.flatnonzero((vertex != points + np.arange(charts.size)) & (charts.ravel() >= 0))
    at = np.stack(np.divmod(pixels, len(charts)), axis=1)
    return Moves(at, vertex[pixels], places), _open_edges(_mesh(charts, base, into, 0))


def _mesh(charts: Ints, base: Ints, into: Ints, diagonal: int) -> _Mesh:
    full = np.pad(grid.cells(charts >= 0), 1)
    beside = (full[:-1, :-1], full[:-1, 1:], full[1:, :-1], full[1:, 1:])
    some = beside[0] | beside[1] | beside[2] | beside[3]
    vertex = into[base].reshape(charts.shape)
    border = some & ~(beside[0] & beside[1] & beside[2] & beside[3])
    border |= vertex != len(into) - charts.size + np.arange(charts.size).reshape(charts.shape)
    ends = np.zeros(len(into), bool)
    ends[vertex[border & some]] = True
    border = ends[vertex]
    near = border[:-1, :-1] | border[:-1, 1:] | border[1:, :-1] | border[1:, 1:]
    rows, columns = np.nonzero(grid.cells(charts >= 0) & near)
    four = np.stack(
        [vertex[rows + down, columns + right] for down in (0, 1) for right in (0, 1)], axis=1
    )
    corners = np.concatenate([four[:, list(each)] for each in DIAGONALS[diagonal]])
    chart = np.tile(charts[rows, columns], 2)
    distinct = (corners != np.roll(corners, -1, axis=1)).all(axis=1)
    return _Mesh(corners[distinct], chart[distinct], ends, len(into) - charts.size)


def _edges(corners: Ints) -> Ints:
    """A number for each edge, (T,3), the same for the same two vertices."""
    other = np.roll(corners, -1, axis=1)
    most = int(corners.max(initial=0)) + 1
    ends: Ints = np.minimum(corners, other) * most + np.maximum(corners, other)
    return ends


def _open_edges(mesh: _Mesh) -> int:
    _, inverse, times = np.unique(
        _edges(mesh.corners).ravel(), return_inverse=True, return_counts=True
    )
    # Both triangles of an edge are here if one of its ends is at an end of the mesh.
    known = mesh.ends[mesh.corners] | mesh.ends[np.roll(mesh.corners, -1, axis=1)]
    there = np.unique(inverse.reshape(-1)[known.ravel()])
    return int((times[there] != 2).sum())  # noqa: PLR2004 - triangles of a closed mesh


def _crowded(mesh: _Mesh, nodes: int) -> list[tuple[int, int]]:
    """Vertices to merge, and into which, so that edges of more than two triangles lose some.

    Most such edges cut off a corner of a chart, a point between two others on the seam: it is
    merged into one of them. If there is none, the ends of the edges are merged.
    """
    corners = mesh.corners
    _, edge, times = np.unique(_edges(corners).ravel(), return_inverse=True, return_counts=True)
    edge = edge.reshape(-1)
    crowded = times[edge].reshape(-1, 3) > 2  # noqa: PLR2004 - triangles of a closed mesh
    if not crowded.any():
        return []
    own = edge * (int(mesh.chart.max(initial=0)) + 1) + np.repeat(mesh.chart, 3)
    _, inverse, of_chart = np.unique(own, return_inverse=True, return_counts=True)
    ends = (of_chart[inverse.reshape(-1)] == 1).reshape(-1, 3)
    # Edge i of a triangle goes from corner i to corner i + 1; the two others meet at i + 2.
    cut = np.roll(ends, -1, axis=1) & np.roll(ends, -2, axis=1)
    wanted = crowded & cut & (corners < mesh.points).all(axis=1)[:, None]
    tip = 2
    if not wanted.any():
        wanted = crowded
        tip = 1
    rows, sides = np.nonzero(wanted)
    _, first = np.unique(edge.reshape(-1, 3)[rows, sides], return_index=True)
    found = []
    for row, side in zip(rows[first].tolist(), sides[first].tolist()):
        one, other = int(corners[row, side]), int(corners[row, (side + tip) % 3])
        away = tip == 2 and other >= nodes  # noqa: PLR2004 - the corner that is cut off
        found.append((other, one) if away else (max(one, other), min(one, other)))
    return found


def _equal(places: npt.NDArray[np.float32], charts: Ints) -> Ints:
    """For each of `places` (P + R * R,3) the first that is stored as the same position.

    The last are those of the pixels; pixels of no chart are equal to none.
    """
    stored = (places.astype(np.float64) * STEPS).astype(np.int64)
    keys = (stored[:, 0] << 2 * BITS) | (stored[:, 1] << BITS) | stored[:, 2]
    none = len(places) - charts.size + np.flatnonzero(charts.ravel() < 0)
    keys[none] = -1 - none
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    equal: Ints = first[inverse.reshape(-1)]
    return equal
