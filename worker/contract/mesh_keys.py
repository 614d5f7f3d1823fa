"""The recipe's keys of the extra product `mesh`, and the raw arrays that a child leaves of it."""

from __future__ import annotations

import dataclasses

from worker.contract.schema import key

MOST_FACES = 2_000_000
"""With so many triangles of which none share a vertex, mesh.glb has 168 MB; exports read 256 MB."""
MOST_COLOURS = 1 << 16
"""Most base colours of one object."""


@dataclasses.dataclass(frozen=True)
class RawArray:
    """A raw file with the numbers of one array in C order, and nothing else."""

    file: str
    """Its kind in `Rendered.files`."""
    dtype: str


ARRAYS = {
    "points": RawArray("mesh-points", "<f4"),
    "triangles": RawArray("mesh-triangles", "<u4"),
    "normals": RawArray("mesh-normals", "<f4"),
    "colour": RawArray("mesh-colour", "<u4"),
    "colours": RawArray("mesh-colours", "<f4"),
}
"""points (V,3) in the cameras' world; triangles (T,3), indices of points; normals (T,3,3) of the
corners; colour (T,), rows of colours (N,4), linear RGBA. `Rendered.scene` has V, T and N."""


@dataclasses.dataclass(frozen=True)
class Mesh:
    """How the mesh is made."""

    most_faces: int = key(
        MOST_FACES, "maximum triangles of an object, instances included", low=1, high=MOST_FACES
    )
