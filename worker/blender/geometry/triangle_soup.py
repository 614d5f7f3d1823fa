"""The visible geometry as one triangle soup, with modifiers and instances applied."""

from __future__ import annotations

import dataclasses
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from worker.blender import compat
from worker.blender.faults import ObjectFault
from worker.blender.geometry.extent import MESH_TYPES
from worker.blender.geometry.visibility import Visibility
from worker.blender.importing import file_data
from worker.contract.linear import product

Array = npt.NDArray[Any]
UV_NODES = frozenset({"ShaderNodeUVMap", "ShaderNodeNormalMap", "ShaderNodeTangent"})
MOST_LAYERS = 6
"""Most UV maps kept for nodes that use them by name: a mesh allows eight, and we use two."""


@dataclasses.dataclass(frozen=True)
class TriangleSoup:
    """Triangles of many meshes.

    points (V,3); triangles (T,3): indices into points; material (T,): indices into `materials`.
    For each corner: uv (T,3,2), NaN if the mesh has none; normals (T,3,3). The layers that
    materials use by name: uvs (T,3,2) and colours (T,3,4), linear RGBA.
    """

    points: Array
    triangles: Array
    material: Array
    uv: Array
    normals: Array
    uvs: dict[str, Array]
    colours: dict[str, Array]
    materials: list[Any]

    def only(self, chosen: Array) -> TriangleSoup:
        """Only the triangles `chosen`, a mask (T,) or indices; all points are kept."""
        return dataclasses.replace(
            self,
            triangles=self.triangles[chosen],
            material=self.material[chosen],
            uv=self.uv[chosen],
            normals=self.normals[chosen],
            uvs={name: layer[chosen] for name, layer in self.uvs.items()},
            colours={name: layer[chosen] for name, layer in self.colours.items()},
        )


DEFAULT = ""
"""The name by which nodes refer to a mesh's active render colours."""


def gather(most_faces: int, setting: str = "omage.most_faces") -> TriangleSoup:
    """Collect all faces visible at the current frame, in world space.

    `setting` names the key of the recipe that has `most_faces`.

    Raises: ObjectFault: "empty" if nothing visible has faces; "too_large" if there are more than
    `most_faces` triangles.
    """
    uvs, colours = _layers()
    materials: dict[Any, int] = {}
    shapes: dict[Any, TriangleSoup] = {}
    places: dict[Any, list[Array]] = {}
    count = 0
    graph = bpy.context.evaluated_depsgraph_get()
    visibility = Visibility()
    for instance in graph.object_instances:
        item: Any = instance.object
        if item.type not in MESH_TYPES or not visibility.of_instance(instance):
            continue
        shape = item.data if item.type == "MESH" else item.original
        clear = visibility.clear_slots(item)
        key = (shape.as_pointer(), clear, _own_materials(item))
        if key not in shapes:
            shapes[key] = _shape(item, uvs, colours, materials, clear)
        count += len(shapes[key].triangles)
        if count > most_faces:
            raise ObjectFault("too_large", f"more than {most_faces:,} triangles ({setting})")
        places.setdefault(key, []).append(np.array(instance.matrix_world, dtype=np.float64))
    if not count:
        raise ObjectFault("empty", "no visible mesh has a face")
    placed = [_placed(shapes[key], matrix) for key in shapes for matrix in places[key]]
    return _joined(placed, list(materials))


def _layers() -> tuple[list[str], list[str]]:
    """The names of the UV maps and of the colour attributes that nodes use."""
    uvs: set[str] = set()
    colours = {DEFAULT}
    for tree in file_data.node_trees():
        for node in tree.nodes:
            if node.bl_idname in UV_NODES:
                uvs.add(node.uv_map)
            elif node.bl_idname == "ShaderNodeAttribute":
                uvs.add(node.attribute_name)
                colours.add(node.attribute_name)
            elif node.bl_idname == "ShaderNodeVertexColor":
                colours.add(node.layer_name)
    there = {layer.name for mesh in bpy.data.meshes for layer in mesh.uv_layers}
    return sorted((uvs & there) - {""})[:MOST_LAYERS], sorted(colours)


def _shape(
    item: Any,
    uvs: list[str],
    colours: list[str],
    materials: dict[Any, int],
    clear: tuple[bool, ...],
) -> TriangleSoup:
    try:
        mesh = item.data if item.type == "MESH" else item.to_mesh()
    except RuntimeError:  # a curve without any geometry
        mesh = None
    if mesh is None or not len(mesh.polygons):
        return _nothing(uvs, colours)
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    loops = _read(mesh.loop_triangles, "loops", (count, 3), np.int32)
    used = _read(mesh.loop_triangles, "material_index", (count,), np.int32)
    ends = _read(mesh.loops, "vertex_index", (len(mesh.loops),), np.int32)
    slots = _slots(item, mesh, materials)
    own = next((layer for layer in mesh.uv_layers if layer.active_render), None)
    soup = TriangleSoup(
        points=_read(mesh.vertices, "co", (len(mesh.vertices), 3)).astype(np.float64),
        triangles=ends[loops].astype(np.int64),
        material=slots[np.clip(used, 0, len(slots) - 1)],
        uv=_uv(own, loops, np.nan),
        normals=compat.corner_normals(mesh)[loops],
        uvs={name: _uv(mesh.uv_layers.get(name), loops, 0.0) for name in uvs},
        colours={name: _colours(mesh, name, loops, ends) for name in colours},
        materials=[],
    )
    if item.type != "MESH":
        item.to_mesh_clear()
    return soup.only(~np.array(clear)[np.clip(used, 0, len(clear) - 1)]) if any(clear) else soup


def _nothing(uvs: list[str], colours: list[str]) -> TriangleSoup:
    return TriangleSoup(
        np.empty((0, 3)), np.empty((0, 3), np.int64), np.empty(0, np.int64),
        np.empty((0, 3, 2), np.float32), np.empty((0, 3, 3), np.float32),
        {name: np.empty((0, 3, 2), np.float32) for name in uvs},
        {name: np.empty((0, 3, 4), np.float32) for name in colours}, [],
    )  # fmt: skip


def _read(collection: Any, name: str, shape: tuple[int, ...], kind: Any = np.float32) -> Array:
    values = np.empty(int(np.prod(shape)), dtype=kind)
    collection.foreach_get(name, values)
    return values.reshape(shape)


def _uv(layer: Any, loops: Array, absent: float) -> Array:
    if layer is None:
        return np.full((*loops.shape, 2), absent, np.float32)
    return _read(layer.data, "uv", (len(layer.data), 2))[loops]


def _colours(mesh: Any, name: str, loops: Array, ends: Array) -> Array:
    """Linear RGBA (T,3,4) of the corners; zero if the mesh has no such colours, as in Cycles."""
    found = mesh.color_attributes
    number = found.render_color_index if name == DEFAULT else found.find(name)
    if not 0 <= number < len(found):
        return np.zeros((*loops.shape, 4), np.float32)
    layer = found[number]
    values = _read(layer.data, "color", (len(layer.data), 4))
    return values[ends[loops]] if layer.domain == "POINT" else values[loops]


def _own_materials(item: Any) -> tuple[Any, ...]:
    """The slots of an object that have a material of its own in place of its mesh's."""
    return tuple(
        (number, slot.material)
        for number, slot in enumerate(item.material_slots)
        if slot.link == "OBJECT"
    )


def _slots(item: Any, mesh: Any, materials: dict[Any, int]) -> Array:
    """The index in `materials` of each material slot's material; new materials are added."""
    found: list[Any] = list(mesh.materials)
    for number, slot in enumerate(item.material_slots):
        if slot.link == "OBJECT" and number < len(found):
            found[number] = slot.material
    originals = [each.original if each is not None else None for each in found or [None]]
    return np.array([materials.setdefault(each, len(materials)) for each in originals])


def _placed(shape: TriangleSoup, matrix: Array) -> TriangleSoup:
    """Transform to world space; a mirrored shape gets its winding order reversed."""
    linear = matrix[:3, :3]
    sign = np.sign(np.linalg.det(linear)) or 1.0
    # Normals need the inverse transpose. The cofactor matrix is proportional to it, and exists for
    # a singular matrix too.
    cofactors = np.stack([np.cross(linear[(i + 1) % 3], linear[(i + 2) % 3]) for i in range(3)])
    normals = product(shape.normals, sign * cofactors.T)
    lengths = np.linalg.norm(normals, axis=-1, keepdims=True)
    normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    moved = dataclasses.replace(
        shape,
        points=product(shape.points, linear.T) + matrix[:3, 3],
        normals=normals.astype(np.float32),
    )
    return moved if sign > 0 else _turned(moved)


def _turned(soup: TriangleSoup) -> TriangleSoup:
    order = [0, 2, 1]
    return dataclasses.replace(
        soup,
        triangles=soup.triangles[:, order],
        uv=soup.uv[:, order],
        normals=soup.normals[:, order],
        uvs={name: layer[:, order] for name, layer in soup.uvs.items()},
        colours={name: layer[:, order] for name, layer in soup.colours.items()},
    )


def _joined(soups: list[TriangleSoup], materials: list[Any]) -> TriangleSoup:
    starts = np.cumsum([0, *(len(soup.points) for soup in soups)])
    first = soups[0]

    def all_of(name: str) -> Array:
        return np.concatenate([getattr(soup, name) for soup in soups])

    return TriangleSoup(
        points=all_of("points"),
        triangles=np.concatenate(
            [soup.triangles + start for soup, start in zip(soups, starts[:-1])]
        ),
        material=all_of("material"),
        uv=all_of("uv"),
        normals=all_of("normals"),
        uvs={name: np.concatenate([soup.uvs[name] for soup in soups]) for name in first.uvs},
        colours={
            name: np.concatenate([soup.colours[name] for soup in soups]) for name in first.colours
        },
        materials=materials,
    )
