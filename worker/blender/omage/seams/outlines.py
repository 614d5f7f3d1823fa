"""The outlines of charts: closed chains of edges, in the UV map and on the object."""

from __future__ import annotations

import dataclasses
from typing import Iterator

import numpy as np
import numpy.typing as npt

from worker.blender.omage.charts import signed
from worker.blender.omage.union import Ints

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Outline:
    """One closed chain of a chart's border edges; the chart lies to the left of each.

    chart: its number. vertices (N,): the welded vertex at which each edge starts. places (N,2): the
    UV coordinates there. An outer outline runs counter-clockwise, that of a hole clockwise.
    """

    chart: int
    vertices: Ints
    places: Array


def find(triangles: Ints, corners: Ints, uv: Array, chart: Ints) -> list[Outline]:
    """Find the outlines of all charts.

    triangles (K,3): welded vertices. corners (K,3): numbers that two triangles' corners share if
    they are one point of one chart. uv (K,3,2); chart (K,): each triangle's chart.
    Charts whose border is not made of closed chains, as where three triangles of a chart share an
    edge, have no outlines.
    """
    turned = signed(uv) < 0.0
    order = np.where(turned[:, None], [0, 2, 1], [0, 1, 2])
    corner = np.take_along_axis(corners, order, axis=1)
    vertex = np.take_along_axis(triangles, order, axis=1).ravel()
    place = np.take_along_axis(uv, order[..., None], axis=1).reshape(-1, 2)
    start, end = corner.ravel(), np.roll(corner, -1, axis=1).ravel()
    count = int(corner.max(initial=0)) + 1
    keys, reverse = start * count + end, end * count + start
    border = np.flatnonzero(~np.isin(keys, reverse))
    owner = np.repeat(chart, 3)
    follower = _followers(start, end, keys, count, border)
    broken = np.unique(owner[border[[follower[edge] < 0 for edge in border.tolist()]]])
    found = []
    for chain in _chains(border.tolist(), follower):
        number = int(owner[chain[0]])
        if number not in broken:
            found.append(Outline(number, vertex[chain], place[chain]))
    return found


def _followers(start: Ints, end: Ints, keys: Ints, count: int, border: Ints) -> dict[int, int]:
    """For each of the `border` edges the one that follows it; -1 for none."""
    order = border[np.argsort(start[border], kind="stable")]
    low = np.searchsorted(start[order], end[border], side="left")
    high = np.searchsorted(start[order], end[border], side="right")
    one = high - low == 1
    found = dict(
        zip(border.tolist(), np.where(one, order[np.minimum(low, len(order) - 1)], -1).tolist())
    )
    sorting = np.argsort(keys, kind="stable")
    ordered, borders = keys[sorting], set(border.tolist())
    # Where a chart touches itself at a corner, the next edge is the other end of the same fan.
    for edge in border[high - low > 1].tolist():
        here = edge
        for _ in range(len(keys)):
            after = here - here % 3 + (here + 1) % 3
            if after in borders:
                found[edge] = after
                break
            here = int(
                sorting[np.searchsorted(ordered, int(end[after]) * count + int(start[after]))]
            )
    ends = list(found.values())
    if len(set(ends)) < len(ends):  # an edge that follows two belongs to no closed chain
        times: dict[int, int] = {}
        for after in ends:
            times[after] = times.get(after, 0) + 1
        found = {edge: after if times[after] == 1 else -1 for edge, after in found.items()}
    return found


def _chains(border: list[int], follower: dict[int, int]) -> Iterator[list[int]]:
    """The closed chains, each from its smallest edge on."""
    left = dict.fromkeys(border)
    for first in border:
        chain = []
        edge = first
        while edge in left:
            del left[edge]
            chain.append(edge)
            edge = follower[edge]
        if chain and edge == first:
            yield chain
