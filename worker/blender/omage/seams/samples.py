"""Points on the seams, shared by all charts beside them, that pixels of the charts move to."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from worker.blender.omage.seams.network import Arc, Network, Side
from worker.blender.omage.seams.traces import Trace
from worker.blender.omage.union import Ints

Array = npt.NDArray[np.float64]
SHARP = np.cos(np.radians(20.0))
"""A seam that turns by more than this at a vertex has a corner there, which a point moves to."""


@dataclasses.dataclass(frozen=True)
class Run:
    """The pixels of one side of an arc, in the arc's direction, without those at its nodes.

    pixels (M,2): row and column. along (M,): their distances along the arc, not decreasing.
    """

    pixels: Ints
    along: Array


@dataclasses.dataclass(frozen=True)
class Moves:
    """Pixels (N,2), and for each the number of the point that it moves to; points (P,3)."""

    pixels: Ints
    point: Ints
    points: Array


def choose(traces: list[Trace], network: Network, vertices: Array) -> Moves:
    """Choose the points; `vertices` (V,3) are those of the object.

    Every node is a point, reached by a pixel of each chart there. An arc has as many points between
    its nodes as its side with the fewest pixels, where that side's pixels lie; each is reached by a
    pixel of each side.
    """
    pixels: list[Ints] = []
    numbers: list[Ints] = []
    runs: dict[int, list[Run]] = {}
    for each in traces:
        sides = network.sides[each.outline]
        at = _at_nodes(each, sides)
        if at is None:
            continue
        count = len(each.pixels)
        for side, first, last in zip(sides, at, [*at[1:], at[0] + count]):
            arc = network.arcs[side.arc]
            node = arc.vertices[-1 if side.backward else 0]
            pixels.append(each.pixels[[first % count]])
            numbers.append(np.array([node]))
            between = np.arange(first + 1, last)
            turn, pixel = np.divmod(between, count)
            places = each.places[pixel] + turn * each.knots[-1]
            along = _on_arc(places, each.knots, side, arc)
            run = Run(each.pixels[pixel], along)
            if side.backward:
                run = Run(run.pixels[::-1], run.along[::-1])
            runs.setdefault(side.arc, []).append(run)
    points = [vertices]
    total = len(vertices)
    for number, sides_of in runs.items():
        arc = network.arcs[number]
        shortest = min(sides_of, key=lambda run: len(run.along))
        inner = _cornered(shortest.along, arc, vertices)
        own = np.concatenate([arc.vertices[:1], total + np.arange(len(inner)), arc.vertices[-1:]])
        points.append(_places(inner, arc, vertices))
        total += len(inner)
        targets = np.concatenate([[0.0], inner, arc.along[-1:]])
        for run in sides_of:
            pixels.append(run.pixels)
            numbers.append(own[_reached(run.along, targets)])
    if not pixels:
        return Moves(np.zeros((0, 2), np.int64), np.zeros(0, np.int64), vertices)
    return Moves(np.concatenate(pixels), np.concatenate(numbers), np.concatenate(points))


def _at_nodes(trace: Trace, sides: list[Side]) -> list[int] | None:
    """For each side the number of the pixel at its first node, increasing, at most one turn.

    None if there are more nodes than pixels.
    """
    count, length = len(trace.pixels), trace.knots[-1]
    gap = min(2, count // len(sides))
    if not gap:
        return None
    wanted = trace.knots[[side.first for side in sides]]
    places = np.concatenate([trace.places, trace.places + length, trace.places + 2 * length])
    wanted = wanted + length * np.ceil((trace.places[0] - wanted[0]) / length)
    # Where several pixels lie at a node, the middle one is taken.
    right = np.clip(np.searchsorted(places, wanted, side="left"), 1, len(places) - 1)
    nearer = wanted - places[right - 1] <= places[right] - wanted
    value = places[np.where(nearer, right - 1, right)]
    low = np.searchsorted(places, value, side="left")
    high = np.searchsorted(places, value, side="right") - 1
    at = (low + high) // 2
    order = np.arange(len(at))
    at = np.maximum.accumulate(at - gap * order) + gap * order
    at = np.minimum(at, at[0] + count - gap * (len(at) - order))
    at[0] = min(at[0], at[1] - gap) if len(at) > 1 else at[0]
    found: list[int] = at.tolist()
    return found


def _on_arc(places: Array, knots: Array, side: Side, arc: Arc) -> Array:
    """Distances along `arc` of `places` along the outline."""
    length = knots[-1]
    chain = np.arange(side.first, side.first + side.count + 1)
    turn, vertex = np.divmod(chain, len(knots) - 1)
    there = knots[vertex] + turn * length
    places = places - length * np.floor((places - there[0]) / length + 0.25)
    along = arc.along[::-1] if side.backward else arc.along
    found: Array = np.interp(places, there, along)
    return found


def _cornered(along: Array, arc: Arc, vertices: Array) -> Array:
    """Move the nearest of the distances `along` an arc to each of its corners."""
    if not len(along) or len(arc.vertices) == 2:  # noqa: PLR2004 - a straight edge
        return along
    steps = np.diff(vertices[arc.vertices], axis=0)
    steps /= np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-30)
    corners = arc.along[1:-1][(steps[1:] * steps[:-1]).sum(axis=1) < SHARP]
    right = np.clip(np.searchsorted(along, corners), 0, len(along) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(corners - along[left] < along[right] - corners, left, right)
    moved = along.copy()
    moved[nearest] = corners
    return np.maximum.accumulate(moved)


def _places(along: Array, arc: Arc, vertices: Array) -> Array:
    """The points (N,3) at distances `along` (N,) an arc."""
    chain = vertices[arc.vertices]
    return np.stack([np.interp(along, arc.along, chain[:, axis]) for axis in range(3)], axis=1)


def _reached(along: Array, targets: Array) -> Ints:
    """For pixels at `along` (M,) the number of the target (N,) each moves to, M >= N - 2.

    The first target and the last are reached already. The numbers never decrease, and none is left
    out: they follow the nearest targets as closely as steps of 0 and 1 allow.
    """
    count, last = len(along), len(targets) - 1
    middle = (targets[1:] + targets[:-1]) / 2.0
    nearest = np.concatenate([[0], np.searchsorted(middle, along), [last]])
    order = np.arange(count + 2)
    below = order + np.minimum.accumulate(nearest - order)
    above = order + np.maximum.accumulate((nearest - order)[::-1])[::-1]
    steady = np.minimum(np.maximum((below + above) // 2, last - (count + 1 - order)), order)
    found: Ints = np.minimum(steady, last)[1:-1]
    return found
