"""An object of a scene, as one triangle mesh in the axes of glTF.

The file's materials, lights and animations are discarded. Modifiers are evaluated into the mesh.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from worker.blender import compat
from worker.blender.faults import ObjectFault
from worker.blender.geometry import extent, modifiers, point_clouds, poses
from worker.blender.geometry.triangle_soup import TriangleSoup, gather
from worker.blender.importing import importers
from worker.blender.importing.paths import Root
from worker.blender.materials import textures, transparency
from worker.blender.views import scene
from worker.contract import scene_keys
from worker.contract.protocol import STAGE
from worker.contract.random_streams import Colour
from worker.contract.recipe import Recipe
from worker.contract.scene_keys import MOST_FACES
from worker.contract.scene_order import Model

Array = np.ndarray[Any, Any]
GREY: Colour = (0.5, 0.5, 0.5, 1.0)


@dataclasses.dataclass(frozen=True)
class Body:
    """A centred triangle mesh whose longest side is 1.

    Axes: Y up, -Z forward, as in glTF and ShapeNet. points (V,3); triangles (T,3), indices of
    points; normals (T,3,3), by corner; box (2,3), the low and high corner of the bounding box.
    """

    points: Array
    triangles: Array
    normals: Array
    box: Array


def load(model: Model, recipe: Recipe, scratch: str) -> Body:
    """Import `model` into an empty scene and return its mesh.

    The imported data stays in the scene until the caller cleans it. `scratch`: a folder in which
    the object may be staged, see `importers.load`. Raises: ObjectFault.
    """
    root = Root(model.root, model.model)
    scene.clean()
    stage = str(Path(scratch, f"{STAGE}-{model.number}"))
    root = importers.load(root, model.format, recipe.subject, stage).root
    point_clouds.show(root, model.format, recipe.subject)
    textures.relink(root)
    textures.replace_missing(root, lambda _: GREY)  # no file outside the root may be read
    frame = poses.frames(recipe.subject, 1)[0]
    modifiers.as_rendered()
    modifiers.evaluate_anew()
    transparency.make_opaque()  # its own materials are not shown
    extent.Extent([frame]).bounds()  # refuses what has no faces or no size
    soup = _gathered()
    used, numbers = np.unique(soup.triangles, return_inverse=True)
    points = _upright(soup.points[used])
    low, high = points.min(axis=0), points.max(axis=0)
    if extent.box_problem(low, high):
        raise ObjectFault("empty", "its faces have zero area")
    points = (points - (low + high) / 2.0) / float((high - low).max())
    return Body(
        points=points,
        triangles=numbers.reshape(-1, 3),
        normals=_upright(soup.normals),
        box=np.stack([points.min(axis=0), points.max(axis=0)]),
    )


@dataclasses.dataclass(frozen=True)
class LeftModel:
    """A body's raw arrays: file names by kind, and what the answer says of them."""

    files: dict[str, str]
    fact: dict[str, int]


def leave(body: Body, number: int, scratch: str) -> LeftModel:
    """Write the points and triangles of object `number` to `scratch`."""
    files = {}
    arrays = {"points": body.points, "triangles": body.triangles}
    for array, dtype in scene_keys.MODEL_ARRAYS.items():
        kind = scene_keys.model_file(number, array)
        files[kind] = f"{kind}.raw"
        np.ascontiguousarray(arrays[array], dtype).tofile(Path(scratch, files[kind]))
    fact = {"number": number, "vertices": len(body.points), "triangles": len(body.triangles)}
    return LeftModel(files, fact)


def _gathered() -> TriangleSoup:
    try:
        return gather(MOST_FACES)
    except ObjectFault as fault:
        if fault.code != "too_large":
            raise
        raise ObjectFault("too_large", f"more than {MOST_FACES:,} triangles") from fault


def _upright(vectors: Array) -> Array:
    """Convert vectors from Blender's axes, Z up and Y back, to Y up and -Z back."""
    return np.stack([vectors[..., 0], vectors[..., 2], -vectors[..., 1]], axis=-1)


def add(body: Body, name: str) -> Any:
    """Add the body to the scene as an object, with a box projection as its UV map."""
    mesh: Any = bpy.data.meshes.new(name)
    compat.fill_triangles(mesh, body.points, body.triangles)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(body.triangles), bool))
    layer = mesh.uv_layers.new(name="box", do_init=False)
    layer.data.foreach_set("uv", _box_projection(body).astype(np.float32).ravel())
    compat.set_corner_normals(mesh, body.normals.reshape(-1, 3))
    item: Any = bpy.data.objects.new(name, mesh)
    stage: Any = bpy.context.scene
    stage.collection.objects.link(item)
    return item


def _box_projection(body: Body) -> Array:
    """Return UV coordinates (T,3,2): each face projected along the axis closest to its normal.

    One unit of length is one width of the texture.
    """
    corners = body.points[body.triangles]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    along = np.abs(facing).argmax(axis=1)
    others = np.array([[2, 1], [0, 2], [0, 1]])[along]
    rows = np.arange(len(corners))[:, None, None]
    return np.asarray(corners[rows, np.arange(3)[None, :, None], others[:, None, :]] + 0.5)
