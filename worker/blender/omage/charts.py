"""Charts: connected parts of the surface that a UV map shows without a cut or a fold."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.blender.omage.union import Ints, components, same
from worker.contract.omage_keys import Omage

Array = npt.NDArray[np.float64]
STEPS = 1 << 20
"""UV coordinates that agree to so many parts of 1 are the same."""
MOST_UV = 1e5
"""Of larger ones a 32-bit number keeps too little."""
FLAT = 1e-12
"""Area of a UV triangle that is none."""


@dataclasses.dataclass(frozen=True)
class Charts:
    """Triangles by chart.

    of: (T,) chart of each triangle, -1 where the UV map does not show it; numbered 0, 1, … in the
    order of their first triangles. uv_area, area: (C,) of each chart.
    """

    of: Ints
    uv_area: Array
    area: Array


def usable(uv: Array) -> npt.NDArray[np.bool_]:
    """Which of the triangles uv (T,3,2) a UV map shows at all, (T,)."""
    with np.errstate(invalid="ignore"):
        bounded = (np.abs(uv) <= MOST_UV).all(axis=(1, 2))
    sizes = signed(np.where(bounded[:, None, None], uv, 0.0))
    shown: npt.NDArray[np.bool_] = bounded & (np.abs(sizes) > FLAT)
    return shown


def signed(uv: Array) -> Array:
    """Area (T,) of triangles uv (T,3,2), positive counter-clockwise."""
    a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    area: Array = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2.0
    return area


def find(triangles: Ints, uv: Array, area: Array) -> Charts:
    """Charts of `triangles` (T,3), welded vertices, with uv (T,3,2) and surface `area` (T,).

    Two triangles are of one chart when they share an edge and its UV coordinates and are not
    mirrored to each other: a UV map folded at a seam, as mirrored models have, is cut there.
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


def _numbered(vertex: Ints, place: Array) -> Ints:
    """The same number, from 0, for the same vertex at the same `place` (N,2)."""
    order = np.lexsort((place[:, 1], place[:, 0], vertex))
    turned, there = vertex[order], place[order]
    new = (turned[1:] != turned[:-1]) | (there[1:] != there[:-1]).any(axis=1)
    numbers = np.empty(len(vertex), np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(new)])[: len(vertex)]
    return numbers


@dataclasses.dataclass(frozen=True)
class Chosen:
    """Which charts are kept: their numbers by surface, largest first; and what became of all."""

    charts: Ints
    facts: dict[str, Any]

    @property
    def share(self) -> float:
        """Of the surface that is kept."""
        return float(self.facts["surface_kept"])


def choose(charts: Charts, whole: float, spec: Omage) -> Chosen:
    """The charts that the recipe keeps; `whole` is the area of the whole surface."""
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
