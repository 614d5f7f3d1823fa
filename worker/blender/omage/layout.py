"""Lays out one mesh as charts on the square: chooses the UV map and the charts, and packs them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.blender.faults import ObjectFault
from worker.blender.omage import charts, raster, repack
from worker.blender.omage.charts import Charts, Chosen
from worker.blender.omage.raster import Cover
from worker.blender.omage.union import Ints
from worker.blender.omage.unwrap import unwrap
from worker.contract.omage_keys import Omage

Array = npt.NDArray[Any]
MOST_OVERLAP = 0.01
"""Largest share of a chart's pixels that may be covered twice; above it, it is unwrapped again."""
ROUNDS = 3
"""How often overlapping charts are unwrapped, each time at half the angle.

Smaller angles give flatter charts, and nearly flat charts do not overlap themselves.
"""


@dataclasses.dataclass(frozen=True)
class ChartLayout:
    """The kept triangles and their positions on the square.

    triangles: (K,) their numbers. uv: (K,3,2) their UV coordinates on the square, where the centre
    of pixel (row, column) is at (column, row) / (size - 1). chart: (K,) their charts. corners:
    (K,3) numbers that corners of one chart at one place share. cover: the chart at each pixel.
    """

    triangles: Array
    uv: Array
    chart: Ints
    corners: Ints
    cover: Cover
    facts: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class WeldedSurface:
    """The object, scaled to -1..1: welded points (V,3), triangles (T,3) and their areas (T,)."""

    points: Array
    triangles: Array
    area: Array


def lay_out(surface: WeldedSurface, uv: Array, spec: Omage, size: int) -> ChartLayout:
    """Choose charts of `surface` and lay them out on a square of `size` pixels.

    `uv` (T,3,2): the file's UV map; where it is unusable, a new one is made.
    Raises: ObjectFault("empty") if no chart is large enough; ObjectFault("render") if no UV map can
    be made or the charts do not fit.
    """
    whole = float(surface.area.sum())
    uv = uv.astype(np.float64)
    without = ~charts.usable(uv)
    facts: dict[str, Any] = {"uv_map": "made" if without.all() else "file"}
    if without.any():
        facts["surface_without_uv"] = _share(surface, without)
        uv = _remade(surface, uv, without, spec.angle)
    found, chosen = _chosen(surface, uv, spec, whole)
    if chosen.share < spec.least_kept and not without.all():
        other = _remade(surface, uv, np.ones(len(uv), bool), spec.angle)
        found_other, chosen_other = _chosen(surface, other, spec, whole)
        if chosen_other.share > chosen.share:
            facts |= {"uv_map": "made", "surface_kept_by_file": chosen.share}
            uv, found, chosen = other, found_other, chosen_other
    made = _packed(surface.triangles, uv, found, chosen, spec, size)
    angle = spec.angle / (2.0 if facts["uv_map"] == "made" else 1.0)
    for _ in range(ROUNDS):
        again = np.isin(found.of, chosen.charts[_doubled(made)])
        if not again.any():
            break
        facts["surface_cut_anew"] = _share(surface, again)
        uv = _remade(surface, uv, again, angle)
        found, chosen = _chosen(surface, uv, spec, whole)
        made = _packed(surface.triangles, uv, found, chosen, spec, size)
        angle /= 2.0
    left = np.isin(found.of, chosen.charts[_doubled(made)])
    facts["surface_on_itself"] = _share(surface, left)
    return dataclasses.replace(made, facts={**facts, **chosen.facts, **made.facts})


def _doubled(made: ChartLayout) -> Array:
    """Return the numbers of the charts that overlap themselves."""
    return np.flatnonzero(made.cover.overlap > MOST_OVERLAP)


def _share(surface: WeldedSurface, of: Array) -> float:
    return round(float(surface.area[of].sum() / surface.area.sum()), 6)


def _chosen(surface: WeldedSurface, uv: Array, spec: Omage, whole: float) -> tuple[Charts, Chosen]:
    found = charts.find(surface.triangles, uv, surface.area)
    return found, charts.choose(found, whole, spec)


def _remade(surface: WeldedSurface, uv: Array, again: Array, angle: float) -> Array:
    """Unwrap the triangles in the mask `again` (T,), at the same UV density as the others.

    Returns: `uv` (T,3,2) with the new coordinates of these triangles.
    """
    new = unwrap(surface.points, surface.triangles[again], angle)
    others = charts.usable(uv) & ~again
    if others.any():
        density = np.abs(charts.signed(uv[others])).sum() / surface.area[others].sum()
        got = np.abs(charts.signed(new)).sum() / surface.area[again].sum()
        new = new * np.sqrt(density / max(float(got), 1e-30))
    whole = uv.copy()
    whole[again] = new
    return whole


def _packed(
    triangles: Array, uv: Array, found: Charts, chosen: Chosen, spec: Omage, size: int
) -> ChartLayout:
    if not len(chosen.charts):
        raise ObjectFault(
            "empty", f"no chart is large enough to keep: {chosen.facts['charts_found']} found, "
            f"all under {spec.least_uv_area:g} in the UV map or {spec.least_area:g} of surface",
        )  # fmt: skip
    count = len(chosen.charts)
    place = np.full(len(found.area), -1)
    place[chosen.charts] = np.arange(count)
    of = np.where(found.of >= 0, place[found.of], -1)
    kept = np.flatnonzero(of >= 0)
    of, uv = of[kept], uv[kept]
    numbers = charts.corners(triangles[kept], uv, of)
    wide, area = found.uv_area[chosen.charts], found.area[chosen.charts]
    uv = uv * repack.scales(wide, area, spec.density)[of][:, None, None]
    low = np.full((count, 2), np.inf)
    high = np.full((count, 2), -np.inf)
    for corner in range(3):
        np.minimum.at(low, of, uv[:, corner])
        np.maximum.at(high, of, uv[:, corner])
    try:
        scale, corners = repack.pack(high - low, spec.margin)
    except ValueError as error:
        raise ObjectFault("render", f"{error}; lower omage.margin or omage.charts") from error
    placed = (uv - low[of][:, None]) * scale + corners[of][:, None]
    cover = raster.cover(placed, of, count, size)
    facts = {
        "pixels_occupied": int((cover.chart >= 0).sum()),
        "charts_without_a_pixel": int(count - len(np.unique(cover.chart[cover.chart >= 0]))),
    }
    return ChartLayout(kept, placed, of, numbers, cover, facts)
