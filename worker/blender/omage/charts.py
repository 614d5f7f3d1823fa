"""Charts: connected parts of the surface that a UV map shows without seams or folds."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.blender.omage.union import Ints, components, same
from worker.contract.omage_keys import Omage

Array = npt.NDArray[np.float64]
STEPS = 1 << 20
"""Steps per UV unit; coordinates that round to the same step are equal."""
MOST_UV = 1e5
"""Largest usable UV coordinate; beyond it, float32 is too coarse."""
FLAT = 1e-12
"""A UV triangle of at most this area is degenerate."""


@dataclasses.dataclass(frozen=True)
class Charts:
    """The assignment of triangles to charts.

    of: (T,) the chart of each triangle, or -1 if its UV coordinates are unusable; charts are
    numbered from 0, in the order of their first triangles. uv_area, area: (C,) the area of each
    chart in the UV map and on the surface.
    """

    of: Ints
    uv_area: Array
    area: Array


def usable(uv: Array) -> npt.NDArray[np.bool_]:
    """Return a mask (T,) of the triangles whose UV coordinates uv (T,3,2) are usable."""
    with np.errstate(invalid="ignore"):
        bounded = (np.abs(uv) <= MOST_UV).all(axis=(1, 2))
    sizes = signed(np.where(bounded[:, None, None], uv, 0.0))
    shown: npt.NDArray[np.bool_] = bounded & (np.abs(sizes) > FLAT)
    return shown


def signed(uv: Array) -> Array:
    """Return the signed area (T,) of triangles uv (T,3,2), positive if counter-clockwise."""
    a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    area: Array = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2.0
    return area


def find(triangles: Ints, uv: Array, area: Array) -> Charts:
    """Find the charts of `triangles` (T,3) of welded vertices; uv (T,3,2), surface `area` (T,).

    Two triangles belong to the same chart if they share an edge, the edge has the same UV
    coordinates in both, and both have the same orientation in the UV map. So a UV map that folds
    over at an edge, as in mirrored models, is cut there.
    """
    shown = np.flatnonzero(usable(uv))
    face, place = triangles[shown], uv[shown]
    size = signed(place)
    corners = _numbered(face.ravel(), np.round(place.reshape(-1, 2) * STEPS)).reshape(-1, 3)
    ends = np.sort(np.stack([corners, np.roll(corners, -1, axis=1)], axis=-1), axis=-1)
    edges = (ends[..., 0] * (corners.max(initial=0) + 1) + ends[..., 1]).ravel()
    one, other = (pair // 3 for pair in same(edges))
    kin = (size[one] > 0) == (size[other] > 0)
    labels = components(len(shown), one[kin], other[kin])
    _, chart = np.unique(labels, return_inverse=True)
    of = np.full(len(triangles), -1)
    of[shown] = chart
    count = int(chart.max(initial=-1)) + 1
    return Charts(
        of,
        np.bincount(chart, np.abs(size), count).astype(np.float64),
        np.bincount(chart, area[shown], count).astype(np.float64),
    )


def corners(triangles: Ints, uv: Array, chart: Ints) -> Ints:
    """Number the corners of `triangles` (T,3), (T,3); those of one chart at one place are equal.

    They are at one place if they have the same welded vertex and UV coordinates, uv (T,3,2); chart
    (T,): each triangle's.
    """
    vertex = chart[:, None] * (int(triangles.max(initial=0)) + 1) + triangles
    return _numbered(vertex.ravel(), np.round(uv.reshape(-1, 2) * STEPS)).reshape(-1, 3)


def _numbered(vertex: Ints, place: Array) -> Ints:
    """Number the distinct pairs of `vertex` (N,) and `place` (N,2) from 0; returns (N,)."""
    order = np.lexsort((place[:, 1], place[:, 0], vertex))
    turned, there = vertex[order], place[order]
    new = (turned[1:] != turned[:-1]) | (there[1:] != there[:-1]).any(axis=1)
    numbers = np.empty(len(vertex), np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(new)])[: len(vertex)]
    return numbers


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The charts that are kept: their numbers, largest surface first, and facts on all charts."""

    charts: Ints
    facts: dict[str, Any]

    @property
    def share(self) -> float:
        """The share of the surface that is kept, 0 to 1."""
        return float(self.facts["surface_kept"])


def choose(charts: Charts, whole: float, spec: Omage) -> Chosen:
    """Choose the charts to keep by the limits of `spec`; `whole` is the area of all the surface."""
    wide = charts.uv_area >= spec.least_uv_area
    large = charts.area >= spec.least_area
    fit = np.flatnonzero(wide & large)
    order = fit[np.argsort(-charts.area[fit], kind="stable")]
    kept, over = order[: spec.charts], order[spec.charts :]

    def share(numbers: Any) -> float:
        return round(float(charts.area[numbers].sum()) / whole, 6)

    facts = {
        "charts_found": len(charts.area),
        "charts_kept": len(kept),
        "surface_kept": share(kept),
        "dropped": {
            "small_in_uv": {"charts": int((~wide).sum()), "surface": share(~wide)},
            "small": {"charts": int((wide & ~large).sum()), "surface": share(wide & ~large)},
            "too_many": {"charts": len(over), "surface": share(over)},
            "not_in_uv": {
                "triangles": int((charts.of < 0).sum()),
                "surface": round(max(0.0, 1.0 - float(charts.area.sum()) / whole), 6),
            },
        },
    }
    return Chosen(kept, facts)
