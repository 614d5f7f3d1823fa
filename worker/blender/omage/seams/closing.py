"""Closes an object image at its seams, at full size and reduced."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.blender.omage.seams import network, outlines, repair, samples, traces
from worker.blender.omage.seams.network import Network
from worker.blender.omage.seams.outlines import Outline
from worker.blender.omage.union import Ints
from worker.contract.omage_reduction import OCCUPANCY, reduced

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
REACH, REACH_SMALL = (1.0, 0.5, 0.0), (0.0, 1.0)
"""What is tried, in this order, to give a chart's pixels its form; see `traces.trace`.

With 1, every 2x2 neighbourhood that a chart touches is occupied, so that no tip is cut off. A
reduced chart has that much already: every block that the chart at full size touches.
"""


@dataclasses.dataclass(frozen=True)
class Seams:
    """The outlines of an object's charts, and the network of seams that they run along."""

    points: Array
    outlines: list[Outline]
    network: Network


@dataclasses.dataclass(frozen=True)
class Closed:
    """Pixels at seams and where they are on the object.

    charts (R,R): which chart occupies each pixel, -1 for none. pixels (N,2): row and column.
    places (N,3): their positions as the image has them, equal where charts meet. open_edges: edges
    of the image's mesh that are not in exactly two triangles, once vertices at one position are
    merged. untraced: the number of charts whose pixels do not have the chart's form.
    """

    charts: Ints
    pixels: Ints
    places: Image
    open_edges: int
    untraced: int


def seams(points: Array, triangles: Ints, corners: Ints, uv: Array, chart: Ints) -> Seams:
    """Find the seams of welded `points` (V,3); the others as in `outlines.find`."""
    found = outlines.find(triangles, corners, uv, chart)
    return Seams(points, found, network.build(found, points))


def closed(
    image: Image, found: Seams, charts: Ints, small: int
) -> tuple[Image, Image, dict[str, Any]]:
    """Close a baked `image` (R,R,12); `charts` (R,R): the chart that covers each pixel, or -1.

    Returns: the image with the pixels at its charts' borders on the seams; the same reduced to
    `small` pixels and closed again; and facts by size: "open_edges" and "untraced_charts".
    """
    size = len(image)
    shown = [outline.places * (size - 1) for outline in found.outlines]
    full = close(found, charts, image, shown, REACH)
    whole = _written(image, full)
    if small == size:
        return whole, whole, _facts({size: full})
    factor = size // small
    blocks = full.charts.reshape(small, factor, small, factor).max(axis=(1, 3))
    little = reduced(whole, small)
    shown = [(at + 0.5) / factor - 0.5 for at in shown]
    less = close(found, blocks, little, shown, REACH_SMALL)
    return whole, _written(little, less), _facts({size: full, small: less})


def _written(image: Image, closed: Closed) -> Image:
    written = image.copy()
    written[..., OCCUPANCY] = closed.charts >= 0
    rows, columns = closed.pixels.T
    written[rows, columns, 0:3] = closed.places
    return written


def _facts(of: dict[int, Closed]) -> dict[str, Any]:
    return {
        "open_edges": {str(size): each.open_edges for size, each in of.items()},
        "untraced_charts": {str(size): each.untraced for size, each in of.items()},
    }


def close(
    seams: Seams, charts: Ints, image: Image, shown: list[Array], reaches: tuple[float, ...]
) -> Closed:
    """Bring the border pixels of all charts of `image` to the seams; the others as in `trace`."""
    traced = traces.trace(charts, seams.outlines, shown, reaches)
    moves = samples.choose(traced.traces, seams.network, seams.points)
    moves, wrong = repair.merged(traced.charts, moves, len(seams.points), image)
    there = {seams.outlines[each.outline].chart for each in traced.traces}
    present = np.unique(traced.charts[traced.charts >= 0])
    return Closed(
        traced.charts,
        moves.pixels,
        moves.points[moves.point].astype(np.float32),
        wrong,
        int((~np.isin(present, sorted(there))).sum()),
    )
