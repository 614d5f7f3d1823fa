"""The recipe's keys of the product `omage`."""

from __future__ import annotations

import dataclasses

from worker.contract.schema import key

OMAGE_CHANNELS = 12
"""Position 3, occupancy, normal 3, albedo 3, metallic, roughness."""
EXTENT = 1.9999
"""The object's longest side."""
WELD = 1e-6
"""Vertices that are this close are merged."""


@dataclasses.dataclass(frozen=True)
class Omage:
    """How the surface is cut into charts and laid out; the recipe's `resolution` is its size."""

    small: int = key(64, "size of the reduced image; must divide the resolution", low=4, high=4096)
    charts: int = key(64, "charts kept, the largest by surface area", low=1, high=1024)
    least_uv_area: float = key(
        1e-4, "charts of smaller area in the UV map are dropped", low=0.0, high=1.0
    )
    least_area: float = key(
        1e-4,
        "charts of smaller surface area are dropped; the object's longest side is 2",
        low=0.0,
        high=10.0,
    )
    margin: float = key(
        0.02,
        "margin around each chart's box, as a share of the image's side; charts two margins apart "
        "do not touch in the reduced image either",
        low=0.0,
        high=0.2,
    )
    bake_margin: int = key(
        32, "pixels by which charts extend into empty space", low=0, high=1024, unit="pixel"
    )
    normal_margin: int = key(32, "the same for normals", low=0, high=1024, unit="pixel")
    least_kept: float = key(
        0.9,
        "if charts of the file's own UV map keep a smaller share of the surface, a UV map is made "
        "and the better one is used; 0: make one only if the file has none",
        low=0.0,
        high=1.0,
    )
    angle: float = key(
        66.0,
        "UV maps that are made: faces of one chart differ by less than this",
        low=1.0,
        high=89.0,
        unit="degree",
    )
    density: float = key(
        4.0,
        "largest factor by which a chart's texels per length may exceed, or fall below, the median",
        low=1.0,
        high=1e6,
    )
    most_faces: int = key(
        4_000_000, "maximum triangles of an object, instances included", low=1, high=1 << 30
    )
