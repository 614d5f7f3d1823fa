"""The network of seams on the object: arcs between nodes, and which outlines run along them."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from worker.blender.omage.seams.outlines import Outline
from worker.blender.omage.union import Ints

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Arc:
    """A chain of seam edges from node to node, which may be the same.

    vertices (N,): its vertices in order, with both nodes. along (N,): their distance from the first
    on the object, along the arc.
    """

    vertices: Ints
    along: Array


@dataclasses.dataclass(frozen=True)
class Side:
    """The part of an outline that runs along an arc.

    first: the outline's vertex, counted from its start, that is the arc's first node for this
    outline. count: edges. arc: its number. backward: whether the outline runs against the arc.
    """

    first: int
    count: int
    arc: int
    backward: bool


@dataclasses.dataclass(frozen=True)
class Network:
    """All arcs, and for each outline its sides in order."""

    arcs: list[Arc]
    sides: list[list[Side]]


def build(outlines: list[Outline], points: Array) -> Network:
    """Cut the outlines into arcs that all outlines along them share; `points` (V,3).

    A node is a vertex where the seams branch or end, or where the number of charts beside them
    changes; a closed seam without one gets one.
    """
    node = _nodes(outlines, len(points))
    arcs: list[Arc] = []
    known: dict[tuple[int, int], list[int]] = {}
    sides = []
    for outline in outlines:
        if not node[outline.vertices].any():
            node[outline.vertices.min()] = True
        stops = np.flatnonzero(node[outline.vertices])
        counts = np.diff(np.append(stops, stops[0] + len(outline.vertices)))
        own = []
        for first, count in zip(stops.tolist(), counts.tolist()):
            chain = np.take(outline.vertices, range(first, first + count + 1), mode="wrap")
            number, backward = _known(chain, arcs, known, points)
            own.append(Side(first, count, number, backward))
        sides.append(own)
    return Network(arcs, sides)


def _nodes(outlines: list[Outline], count: int) -> npt.NDArray[np.bool_]:
    node = np.zeros(count, bool)
    if not outlines:
        return node
    one = np.concatenate([outline.vertices for outline in outlines])
    other = np.concatenate([np.roll(outline.vertices, -1) for outline in outlines])
    edges, times = np.unique(
        np.minimum(one, other) * count + np.maximum(one, other), return_counts=True
    )
    ends = np.concatenate([edges // count, edges % count])
    degree = np.bincount(ends, minlength=count)
    fewest, most = np.full(count, len(one)), np.zeros(count, np.int64)
    np.minimum.at(fewest, ends, np.tile(times, 2))
    np.maximum.at(most, ends, np.tile(times, 2))
    found: npt.NDArray[np.bool_] = (degree > 0) & ((degree != 2) | (fewest != most))  # noqa: PLR2004 - a chain goes on
    return found


def _known(
    chain: Ints, arcs: list[Arc], known: dict[tuple[int, int], list[int]], points: Array
) -> tuple[int, bool]:
    """The number of the arc along `chain`, and whether that runs against it; may be a new one."""
    pairs = np.sort(np.stack([chain[:-1], chain[1:]], axis=1), axis=1).tolist()
    least = min(map(tuple, pairs))
    for number in known.setdefault(least, []):
        if np.array_equal(arcs[number].vertices, chain):
            return number, False
        if np.array_equal(arcs[number].vertices, chain[::-1]):
            return number, True
    known[least].append(len(arcs))
    steps = np.linalg.norm(np.diff(points[chain], axis=0), axis=1)
    arcs.append(Arc(chain, np.concatenate([[0.0], np.cumsum(steps)])))
    return len(arcs) - 1, False
