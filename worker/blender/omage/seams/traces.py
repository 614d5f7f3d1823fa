"""Brings the loops of pixels in which charts end to the outlines of the charts."""

from __future__ import annotations

import dataclasses
from typing import Iterable

import numpy as np
import numpy.typing as npt

from worker.blender.omage.seams import follow, grid
from worker.blender.omage.seams.grid import Mask
from worker.blender.omage.seams.outlines import Outline
from worker.blender.omage.union import Ints

Array = npt.NDArray[np.float64]
ROUNDS = 3
"""How often holes are filled and opened until the pixels have those of the chart."""
NEAR = 2.5
"""A loop of pixels belongs to a hole of the chart if it is that near on average, in pixels."""
EDGE = 4
"""Pixels around a chart that are looked at."""


@dataclasses.dataclass(frozen=True)
class Trace:
    """A loop of pixels along an outline.

    outline: its number. pixels (M,2): row and column. places (M,): where each pixel lies along the
    outline, in pixels from its first vertex; not decreasing. knots (N+1,): where its vertices lie.
    """

    outline: int
    pixels: Ints
    places: Array
    knots: Array


@dataclasses.dataclass(frozen=True)
class Traced:
    """The traces, and which chart occupies each pixel, charts (R,R), -1 for none.

    Charts without traces are those whose pixels do not have the form of the chart.
    """

    charts: Ints
    traces: list[Trace]


def trace(
    charts: Ints, outlines: list[Outline], shown: list[Array], reaches: Iterable[float]
) -> Traced:
    """Trace every outline on the square of `charts` (R,R), each pixel's chart or -1.

    `shown`: each outline's places (N,2), x and y in pixels. Of `reaches`, the first is taken with
    which a chart's pixels have its form, apart from other charts: pixels that its border is less
    than this far from, 0 for none, are added to the chart.
    """
    whole = charts.copy()
    of: dict[int, list[int]] = {}
    for number, outline in enumerate(outlines):
        of.setdefault(outline.chart, []).append(number)
    found: list[Trace] = []
    for chart, own in of.items():
        places = np.concatenate([shown[number] for number in own])
        low = np.clip(np.floor(places.min(axis=0)).astype(int) - EDGE, 0, len(whole))
        high = np.clip(np.ceil(places.max(axis=0)).astype(int) + EDGE + 1, 0, len(whole))
        part = (slice(low[1], high[1]), slice(low[0], high[0]))
        lines = [shown[number] - low for number in own]
        for reach in reaches:
            fit = _fitted(whole[part], chart, lines, reach)
            if fit is None:
                continue
            mask, pairs = fit
            whole[part][mask] = chart
            whole[part][~mask & (whole[part] == chart)] = -1
            for index, pixels in pairs:
                line = lines[index]
                places_along = follow.along(pixels[:, ::-1].astype(float), line)
                if places_along is None:
                    continue
                knots = np.concatenate(
                    [[0.0], np.cumsum(np.linalg.norm(np.roll(line, -1, 0) - line, axis=1))]
                )
                found.append(Trace(own[index], pixels + low[::-1], places_along, knots))
            break
    return Traced(whole, found)


def _fitted(
    charts: Ints, chart: int, lines: list[Array], reach: float
) -> tuple[Mask, list[tuple[int, Ints]]] | None:
    """The pixels of a chart, and the loops of pixels (M,2) along its `lines`, by their numbers.

    None if the pixels cannot have the form of the chart, or touch another chart.
    """
    outer = [index for index, line in enumerate(lines) if grid.turning(line) > 0.0]
    if len(outer) != 1:
        return None
    holes = [index for index in range(len(lines)) if index not in outer]
    mask = charts == chart
    if reach:
        for line in lines:
            mask |= grid.around(line, (charts.shape[0], charts.shape[1]), reach)
    others = (charts >= 0) & (charts != chart)
    for _ in range(ROUNDS):
        mask = grid.unpinched(mask)
        if (_grown(mask) & others).any():
            return None
        loops = grid.loops(mask)
        outside = [loop for loop in loops if grid.turning(loop[:, ::-1]) > 0.0]
        inside = [loop for loop in loops if grid.turning(loop[:, ::-1]) <= 0.0]
        if len(outside) != 1:
            return None
        pairs, spare = _paired(inside, holes, lines)
        if not spare and len(pairs) == len(holes):
            return mask, [(outer[0], outside[0]), *pairs]
        for loop in spare:
            mask |= _filled(loop, mask.shape)
        for index in set(holes) - {index for index, _ in pairs}:
            column, row = np.rint(lines[index].mean(axis=0)).astype(int)
            mask[row, column] = False
    return None


def _grown(mask: Mask) -> Mask:
    whole = np.pad(mask, 1)
    rows = whole[:-2] | whole[1:-1] | whole[2:]
    grown: Mask = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return grown


def _paired(
    loops: list[Ints], holes: list[int], lines: list[Array]
) -> tuple[list[tuple[int, Ints]], list[Ints]]:
    """Loops of pixels around holes of the chart, with the holes' numbers; and all other loops."""
    far = []
    for at, loop in enumerate(loops):
        for hole in holes:
            points, _, _ = follow.dense(lines[hole])
            steps = np.linalg.norm(loop[:, None, ::-1] - points[None], axis=2).min(axis=1)
            far.append((float(steps.mean()), at, hole))
    pairs: dict[int, int] = {}
    for distance, at, hole in sorted(far):
        if distance < NEAR and at not in pairs and hole not in pairs.values():
            pairs[at] = hole
    return (
        [(hole, loops[at]) for at, hole in pairs.items()],
        [loop for at, loop in enumerate(loops) if at not in pairs],
    )


def _filled(loop: Ints, shape: tuple[int, ...]) -> Mask:
    """The pixels of all cells that a clockwise `loop` (M,2) goes around."""
    ends = np.roll(loop, -1, axis=0)
    steps = np.zeros((shape[0], shape[1]), np.int64)
    upright = loop[:, 0] != ends[:, 0]
    rows = np.minimum(loop[:, 0], ends[:, 0])[upright]
    np.add.at(steps, (rows, loop[upright, 1]), np.sign(ends[:, 0] - loop[:, 0])[upright])
    inside = np.cumsum(steps, axis=1)[:-1, :-1] != 0
    mask = np.zeros(shape, bool)
    for down in (0, 1):
        for right in (0, 1):
            mask[down : shape[0] - 1 + down, right : shape[1] - 1 + right] |= inside
    return mask
