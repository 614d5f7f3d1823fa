"""The recipe's keys of the product `omage`."""

from __future__ import annotations

import dataclasses

from worker.contract.schema import key

OMAGE_CHANNELS = 12
"""Position 3, occupancy, normal 3, albedo 3, metallic, roughness."""
EXTENT = 1.9999
"""The object's longest side."""
WELD = 1e-6
"""Vertices no farther apart are one."""


@dataclasses.dataclass(frozen=True)
class Omage:
    """How the surface is cut and laid out. The image's size is the recipe's `resolution`."""

    small: int = key(64, "size of the reduced image; divides the resolution", low=4, high=4096)
    charts: int = key(64, "charts kept, the largest by surface", low=1, high=1024)
    least_uv_area: float = key(
        1e-4, "a chart of less area in the UV map is left out", low=0.0, high=1.0
    )
    least_area: float = key(
        1e-4,
        "a chart of less surface is left out; the object's longest side is 2",
        low=0.0,
        high=10.0,
    )
    margin: float = key(
        0.02,
        "around each chart's box; the image's side is 1; charts twice that apart do not touch in "
        "the reduced image either",
        low=0.0,
        high=0.2,
    )
    bake_margin: int = key(
        32, "pixels by which charts are extended where nothing is", low=0, high=1024, unit="pixel"
    )
    normal_margin: int = key(1, "the same of normals", low=0, high=1024, unit="pixel")
    least_kept: float = key(
        0.9,
        "if charts of the file's own UV map keep less of the surface, one is made, and the better "
        "is taken; 0: only what has none gets one",
        low=0.0,
        high=1.0,
    )
    angle: float = key(
        66.0, "UV maps that are made: faces of one chart differ by less", low=1.0, high=89.0,
        unit="degree",
    )  # fmt: skip
    density: float = key(
        4.0,
        "a chart has at most so many times more, or fewer, texels to a length than the middle one",
        low=1.0,
        high=1e6,
    )
    most_faces: int = key(
        4_000_000, "triangles, instances counted, of the largest object taken", low=1, high=1 << 30
    )
