"""The extra product `mesh`: the object as rendered, in the cameras' world, as GLB and PLY.

mesh.ply  float32 x y z and triangles, in the world of cameras.json: right-handed, Z up, its unit
mesh.glb  the same triangles with Y up, as glTF says: (x, y, z) of the world is (x, z, -y) there;
          shading normals, and a material for each base colour; no textures, no UV maps

Modifiers and instances are applied, at the frame of the first view. Hair, volumes and point clouds
that Blender does not turn into meshes are not in them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import glb, mesh_ply
from worker.codecs.image_formats import Unreadable
from worker.codecs.mesh_ply import NotMeshPly, PlyMesh
from worker.contract.mesh_keys import ARRAYS, MOST_COLOURS
from worker.contract.recipe import MESH, Recipe
from worker.core import keys
from worker.core.errors import RenderFailed
from worker.pack import placement, raw
from worker.pack.archive import Member
from worker.pack.placement import Placement
from worker.supervisor.result import RenderedObject

OUTSIDE: Final = 1e-3
"""How far a point may lie outside the object's bounding box, in its longest sides."""
LONGEST: Final = 1.0 + 1e-3
"""Most that a number of a normal may have; its own length is 1 or 0."""
ROUNDED: Final = float(np.finfo(np.float32).eps)
"""Share of a coordinate that float32 may lose."""
COMMENTS: Final = (
    "the object as rendered, in the world of its cameras: right-handed, Z up",
    "unit: that of cameras.json",
)
Count = Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]


class _Counts(msgspec.Struct, frozen=True):
    vertices: Count
    triangles: Count
    colours: Count
    materials_of_many_colours: Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


_DECODER: Final = msgspec.json.Decoder(_Counts)  # created before any thread starts
Floats = NDArray[np.float32]


class MeshArrays(msgspec.Struct, frozen=True):
    """A mesh: see `worker.contract.mesh_keys.ARRAYS`."""

    points: Floats
    triangles: NDArray[np.uint32]
    normals: Floats
    colour: NDArray[np.uint32]
    colours: Floats


def members(rendered: RenderedObject, recipe: Recipe) -> list[Member]:
    """The mesh's files by name; none if the recipe does not ask for them. Raises: RenderFailed."""
    if MESH not in recipe.products:
        return []
    found = _read(rendered, recipe)
    mesh = PlyMesh(found.points, found.triangles.astype(np.int32))
    return [
        Member(name=keys.MESH_GLB, data=_glb(found)),
        Member(name=keys.MESH_PLY, data=mesh_ply.encode(mesh, COMMENTS),
               check=functools.partial(check, mesh)),
    ]  # fmt: skip


def about(rendered: RenderedObject, recipe: Recipe) -> dict[str, Any]:
    """The mesh's part of ``metadata.json``, by its key. Raises: RenderFailed."""
    if MESH not in recipe.products:
        return {}
    counts = _counts(rendered.answer.scene, recipe)
    return {
        MESH: {
            **msgspec.structs.asdict(counts),
            "files": {
                keys.MESH_GLB: "Y up: (x, y, z) of the cameras' world is (x, z, -y); normals, base "
                "colours (0.8 for a material of many), no textures",
                keys.MESH_PLY: "x y z and triangles in the cameras' world, Z up",
            },
        }
    }


def _counts(scene: Mapping[str, Any], recipe: Recipe) -> _Counts:
    try:
        found = msgspec.convert(scene.get(MESH), _Counts)
    except msgspec.ValidationError as error:
        raise RenderFailed(f"the child's answer does not describe its mesh: {error}") from error
    if (
        found.triangles > recipe.mesh.most_faces
        or found.vertices > 3 * found.triangles
        or found.colours > min(MOST_COLOURS, found.triangles)
    ):
        raise RenderFailed("the child's mesh has more triangles, points or colours than it may")
    return found


def _read(rendered: RenderedObject, recipe: Recipe) -> MeshArrays:
    """Read and check the arrays that the child left; it may have opened a hostile model.

    Raises: RenderFailed.
    """
    answer = rendered.answer
    counts = _counts(answer.scene, recipe)
    shapes = {
        "points": (counts.vertices, 3),
        "triangles": (counts.triangles, 3),
        "normals": (counts.triangles, 3, 3),
        "colour": (counts.triangles,),
        "colours": (counts.colours, 4),
    }
    found = MeshArrays(**{
        name: raw.flat(
            answer.files, kind.file, rendered.scratch, "the mesh", shapes[name], kind.dtype
        )
        for name, kind in ARRAYS.items()
    })  # fmt: skip
    if found.triangles.max() >= counts.vertices or found.colour.max() >= counts.colours:
        raise RenderFailed("the child's mesh names points or colours that it does not have")
    if not ((np.abs(found.normals) <= LONGEST).all() and _within(found.points, answer.scene)):
        raise RenderFailed("the child's mesh has points outside the object, or no numbers")
    if not (found.colours.min() >= 0.0 and found.colours.max() <= 1.0):
        raise RenderFailed("the child's mesh has colours outside 0 to 1")
    return found


def _within(points: Floats, scene: Mapping[str, Any]) -> bool:
    """Whether all points are in the object's bounding box; not a number is in none."""
    where: Placement = placement.of(scene)
    low, high = np.array(where.low), np.array(where.high)
    farthest = float(np.abs([low, high]).max())  # float32 is coarse far from the origin
    room = OUTSIDE * float((high - low).max()) + ROUNDED * farthest
    return bool((points >= low - room).all() and (points <= high + room).all())


def _glb(mesh: MeshArrays) -> bytes:
    order = np.argsort(mesh.colour, kind="stable")
    normals = _normals(mesh)[order].reshape(-1, 3) + np.float32(0.0)  # -0 is 0
    corners = mesh.triangles[order].reshape(-1)
    first, numbers = _distinct(corners, normals)
    triangles = numbers.reshape(-1, 3)
    buffer = glb.GlbBuffer()
    attributes = {
        "POSITION": buffer.add_vertices(_y_up(mesh.points[corners[first]]), bounds=True),
        "NORMAL": buffer.add_vertices(_y_up(normals[first])),
    }
    used, starts = np.unique(mesh.colour[order], return_index=True)
    primitives = [
        {"attributes": attributes, "indices": buffer.add_indices(part), "material": number}
        for number, part in enumerate(np.split(triangles, starts[1:]))
    ]
    document = {
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": MESH}],
        "meshes": [{"primitives": primitives}],
        "materials": [_material(colour) for colour in mesh.colours[used].tolist()],
    }
    return glb.container(document, buffer)


def _material(colour: list[float]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "doubleSided": True,
        "pbrMetallicRoughness": {
            "baseColorFactor": [round(value, 6) for value in colour], "metallicFactor": 0.0,
        },
    }  # fmt: skip
    return made | ({"alphaMode": "BLEND"} if colour[3] < 1.0 else {})


def _y_up(points: Floats) -> Floats:
    turned: Floats = np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=1)
    return turned + np.float32(0.0)


def _normals(mesh: MeshArrays) -> Floats:
    """Unit normals (T,3,3); of a corner that has none that of its face, else +Z."""
    length = np.linalg.norm(mesh.normals, axis=-1, keepdims=True)
    a, b, c = (mesh.points[mesh.triangles[:, corner]].astype(np.float64) for corner in range(3))
    face = np.cross(b - a, c - a)
    size = np.linalg.norm(face, axis=-1, keepdims=True)
    face = np.divide(face, size, out=np.tile([0.0, 0.0, 1.0], (len(face), 1)), where=size > 0)
    given = np.divide(mesh.normals, length, out=np.zeros_like(mesh.normals), where=length > 0)
    return np.where(length > 0, given, face[:, None].astype(np.float32))


def _distinct(
    corners: NDArray[np.uint32], normals: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of corners (N,) with normals (N,3): the first of each kind (V,), and each one's kind (N,).

    Kinds are in the order in which they first appear.
    """
    bits = np.concatenate([corners.view("<u4")[:, None], normals.view("<u4")], axis=1)
    rows = np.ascontiguousarray(bits).view("<u8")
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    ranked = rows[order]
    new = np.ones(len(order), bool)
    new[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    kind = np.empty(len(order), np.int64)
    kind[order] = np.cumsum(new) - 1
    first = order[new]  # lexsort is stable, so it is the first of its kind
    places = np.argsort(first, kind="stable")
    renumbered = np.empty(len(first), np.int64)
    renumbered[places] = np.arange(len(first))
    return first[places], renumbered[kind]


def check(mesh: PlyMesh, data: bytes) -> None:
    """Check that a PLY reads back as the mesh that was written. Raises: Unreadable."""
    try:
        found = mesh_ply.decode(data)
    except NotMeshPly as error:
        raise Unreadable(str(error)) from error
    if not (
        np.array_equal(found.points, mesh.points)
        and np.array_equal(found.triangles, mesh.triangles)
    ):
        raise Unreadable("a mesh that differs from the one written")
