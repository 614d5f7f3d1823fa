"""The extra product `mesh` of scenes: every object that is shown, as models/<uid>.ply.

float32 x y z and triangles, of the object at unit size: centred by its bounding box, the longest
side 1, Y up, as `bbox` in the samples' NPY. A point p is at rot_mat @ (scale * p) + location.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from worker.codecs import mesh_ply
from worker.codecs.mesh_ply import PlyMesh
from worker.contract.scene_keys import MODEL_ARRAYS, MOST_FACES, model_file
from worker.core import keys
from worker.core.errors import RenderFailed
from worker.index.record import Scenes
from worker.pack import raw
from worker.pack.archive import Member
from worker.pack.products import mesh
from worker.supervisor.result import RenderedObject

ABOUT: Final = {
    "files": "models/UID.ply",
    "axes": "of bbox: centred, longest side 1, Y up; a point p is at "
    "rot_mat @ (scale * p) + location",
}
"""The meshes' part of ``metadata.json``."""
COMMENTS: Final = ("an object of scenes at unit size: centred, the longest side 1, Y up",)
HALF: Final = 0.5 + 1e-4
"""Half the longest side; rounding may lead that much out of it."""
Count = Annotated[int, msgspec.Meta(ge=1, le=3 * MOST_FACES)]


class ModelFact(msgspec.Struct, frozen=True):
    """What the child says of the mesh of one object."""

    number: int
    vertices: Count
    triangles: Annotated[int, msgspec.Meta(ge=1, le=MOST_FACES)]


def members(
    rendered: RenderedObject, facts: tuple[ModelFact, ...], shown: set[int]
) -> Iterator[Member]:
    """The meshes of the objects with the numbers `shown`. Raises: RenderFailed."""
    scenes: Scenes | None = rendered.fetched.ref.scenes
    if scenes is None or [fact.number for fact in facts] != sorted(shown):
        raise RenderFailed("the child's answer does not have one mesh of each object shown")
    for fact in facts:
        found = _read(rendered, fact)
        yield Member(
            name=keys.scene_mesh(scenes.members[fact.number].uid),
            data=mesh_ply.encode(found, COMMENTS),
            check=functools.partial(mesh.check, found),
        )


def _read(rendered: RenderedObject, fact: ModelFact) -> PlyMesh:
    """Read and check the arrays that the child left. Raises: RenderFailed."""
    shapes = {"points": (fact.vertices, 3), "triangles": (fact.triangles, 3)}
    whose = f"the mesh of object {fact.number}"
    found: dict[str, Any] = {
        array: raw.flat(rendered.answer.files, model_file(fact.number, array), rendered.scratch,
                        whose, shapes[array], dtype)
        for array, dtype in MODEL_ARRAYS.items()
    }  # fmt: skip
    if found["triangles"].max() >= fact.vertices:
        raise RenderFailed(f"{whose} names points that it does not have")
    if not (np.abs(found["points"]) <= HALF).all():  # false for NaN
        raise RenderFailed(f"{whose} is larger than its bounding box")
    return PlyMesh(found["points"], found["triangles"].astype(np.int32))
