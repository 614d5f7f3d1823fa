"""Shows point clouds as small spheres if the recipe asks for it; else reports them.

Each mesh of loose vertices is replaced by one plain mesh of spheres. Blender before 4.x cannot
render points in another way, and a plain mesh is measured, baked and numbered like any other.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, List, Optional

import bpy
import numpy as np
import numpy.typing as npt

from worker.blender import compat
from worker.blender.faults import ObjectFault
from worker.blender.geometry.extent import SHAPE_TYPES
from worker.blender.importing import file_colours, ply_file
from worker.blender.importing.paths import Root
from worker.blender.importing.ply_file import Header
from worker.contract.linear import product
from worker.contract.recipe import Subject

Array = npt.NDArray[Any]
SPLAT = ("f_dc_0", "f_dc_1", "f_dc_2")
"""PLY properties of 3D Gaussian splats: the constant spherical-harmonic term of their colour."""
CONSTANT_HARMONIC = 0.28209479177387814
DETAIL = ((10_000, 2), (100_000, 1), (2_000_000, 0))
"""Most points, and how often their octahedra are subdivided. The more points there are, the fewer
pixels each covers. A million octahedra take 3 to 5 GB."""


@dataclasses.dataclass(frozen=True)
class _Cloud:
    """An object of loose vertices: points (N,3) in object space, and its world matrix (4,4)."""

    item: Any
    points: Array
    matrix: Array


def show(root: Root, suffix: str, subject: Subject) -> Dict[str, Any]:
    """Replace loose points by spheres of the size `subject.points`.

    The size is the diameter, as a share of the longest side of the box around all points.
    Returns: for the metadata, the number of points, if there are any.
    Raises: ObjectFault: "empty" if the object has only points and the recipe does not show them;
    "too_large".
    """
    clouds = _clouds()
    header = ply_file.read_header(root.model) if suffix == "ply" else None
    vertex = header.element("vertex") if header else None
    is_splat = vertex is not None and set(SPLAT) <= set(vertex.names())
    count = sum(len(cloud.points) for cloud in clouds)
    if not subject.points:
        if clouds and _nothing_else(clouds):
            what = "3D Gaussian splats" if is_splat else "a point cloud"
            unit = "splats" if is_splat else "points"
            raise ObjectFault(
                "empty",
                f"{what} ({count} {unit} without a face); subject.points shows them as spheres",
            )
        return {}
    widened = _widen(subject.points)
    if not clouds:
        return {"point_count": widened} if widened else {}
    level = next((level for most, level in DETAIL if count <= most), None)
    if level is None:
        raise ObjectFault(
            "too_large", f"{count:,} points; subject.points shows {DETAIL[-1][0]:,} at most"
        )
    diameter = subject.points * _longest_side(clouds)
    for cloud in clouds:
        size = abs(float(np.linalg.det(cloud.matrix[:3, :3]))) ** (1.0 / 3.0)
        _replace(cloud, diameter / 2.0 / (size or 1.0), level, _file_colours(root, header, cloud))
    return {"point_count": count + widened}


def _clouds() -> List[_Cloud]:
    """The point clouds of the scene, one for each mesh of loose vertices."""
    layer: Any = bpy.context.view_layer
    layer.update()
    found: Dict[int, _Cloud] = {}
    for item in bpy.data.objects:
        mesh: Any = item.data
        if item.type != "MESH" or len(mesh.polygons) or len(mesh.edges) or not len(mesh.vertices):
            continue
        if item.modifiers and not all(each.type == "ARMATURE" for each in item.modifiers):
            continue  # geometry nodes and particles may turn the points into anything
        points = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", points)
        found.setdefault(
            mesh.as_pointer(),
            _Cloud(item, points.reshape(-1, 3), np.array(item.matrix_world, np.float64)),
        )
    return list(found.values())


def _nothing_else(clouds: List[_Cloud]) -> bool:
    meshes = {cloud.item.data for cloud in clouds}
    return all(item.data in meshes for item in bpy.data.objects if item.type in SHAPE_TYPES)


def _longest_side(clouds: List[_Cloud]) -> float:
    """The longest side of the world-space box around all points.

    Raises: ObjectFault("empty") if it is zero or not finite.
    """
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for cloud in clouds:
        points = cloud.points[np.isfinite(cloud.points).all(axis=1)]
        if len(points):
            placed = product(points, cloud.matrix[:3, :3].T) + cloud.matrix[:3, 3]
            low = np.minimum(low, placed.min(axis=0))
            high = np.maximum(high, placed.max(axis=0))
    side = float((high - low).max())
    if not (np.isfinite(side) and side > 0.0):
        raise ObjectFault("empty", "the point cloud has no size")
    return side


def _replace(cloud: _Cloud, radius: float, level: int, colours: Optional[Array]) -> None:
    """Replace the cloud's mesh by a mesh of spheres, with the same name and materials.

    radius: in object space. level: subdivisions of the octahedron. colours: linear (N,3).
    """
    before: Any = cloud.item.data
    name = file_colours.LAYER
    if colours is None:
        name, colours = _own_colours(before)
    kept = np.isfinite(cloud.points).all(axis=1)
    points = cloud.points[kept]
    corners, faces = _sphere(level)
    spheres = points[:, None] + np.float32(radius) * corners
    first = len(corners) * np.arange(len(points), dtype=np.int32)
    mesh: Any = bpy.data.meshes.new(before.name)
    compat.fill_triangles(
        mesh, spheres.reshape(-1, 3), (first[:, None, None] + faces).reshape(-1, 3)
    )
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), bool))
    if colours is not None:
        layer = mesh.color_attributes.new(name, "FLOAT_COLOR", "POINT")
        each = np.column_stack([colours[kept], np.ones(len(points))]).astype(np.float32)
        layer.data.foreach_set("color", np.repeat(each, len(corners), axis=0).ravel())
    for material in before.materials:
        mesh.materials.append(material)
    before.user_remap(mesh)
    mesh.name = before.name
    bpy.data.meshes.remove(before)


def _file_colours(root: Root, header: Optional[Header], cloud: _Cloud) -> Optional[Array]:
    """The vertex colours (N,3) of a PLY, converted to scene-linear, or None."""
    vertex = header.element("vertex") if header else None
    if header is None or vertex is None or vertex.rows != len(cloud.points):
        return None
    table = ply_file.read_element(root.model, header, "vertex")
    if table is None:
        return None
    if set(SPLAT) <= set(table):
        constant = np.stack([np.asarray(table[name], np.float64) for name in SPLAT], axis=-1)
        shown = np.nan_to_num(0.5 + CONSTANT_HARMONIC * constant)
        return file_colours.to_linear(np.clip(shown, 0.0, 1.0))
    if {"red", "green", "blue"} <= set(table):
        values = np.stack([table[name] for name in ("red", "green", "blue")], axis=-1)
        kind = next(each.type for each in vertex.properties if each.name == "red")
        if kind[0] in "iu":  # ASCII values are read as floats
            values = np.clip(values, 0, np.iinfo(kind).max).astype(kind)
        return file_colours.linear(values)
    return None


def _own_colours(mesh: Any) -> tuple[str, Optional[Array]]:
    """The name and values (N,3) of the vertex colours that the importer created."""
    for layer in mesh.color_attributes:
        if layer.domain == "POINT" and len(layer.data) == len(mesh.vertices):
            colours = np.empty(4 * len(layer.data), np.float32)
            layer.data.foreach_get("color", colours)
            return layer.name, colours.reshape(-1, 4)[:, :3]
    return file_colours.LAYER, None


def _sphere(level: int) -> tuple[Array, Array]:
    """Vertices (V,3) and faces (F,3) of an octahedron of radius 1, subdivided `level` times.

    It has vertices on all axes, so that its bounding box equals the sphere's.
    """
    corners = np.concatenate([np.eye(3), -np.eye(3)])
    faces = np.array(
        [[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]]
    )
    for _ in range(level):
        a, b, c = (corners[faces[:, corner]] for corner in range(3))
        parts = [a, b, c, a + b, b + c, c + a]
        every = np.concatenate(parts)
        every /= np.linalg.norm(every, axis=1, keepdims=True)
        _, kept, numbers = np.unique(
            every.round(6) + 0.0, axis=0, return_index=True, return_inverse=True
        )
        corners = every[kept]
        a, b, c, ab, bc, ca = numbers.reshape(6, -1)
        thirds = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        faces = np.concatenate([np.stack(third, axis=-1) for third in thirds])
    return corners.astype(np.float32), faces.astype(np.int32)


def _widen(share: float) -> int:
    """Set the radius of the points in Blender's own point clouds that have none.

    share: diameter as a share of the cloud's longest side. Point clouds with modifiers are
    skipped: they are USD instancers, whose points are not visible.
    Returns: the number of points.
    """
    objects: list[Any] = list(bpy.data.objects)
    items = [item for item in objects if item.type == "POINTCLOUD" and not item.modifiers]
    count = 0
    for cloud in {item.data.name: item.data for item in items}.values():
        if not len(cloud.points) or "radius" in cloud.attributes:
            continue
        points = np.empty(3 * len(cloud.points), np.float32)
        cloud.points.foreach_get("co", points)
        side = float(np.ptp(points.reshape(-1, 3), axis=0).max())
        layer = cloud.attributes.new("radius", "FLOAT", "POINT")
        layer.data.foreach_set("value", np.full(len(cloud.points), share * side / 2.0, np.float32))
        count += len(cloud.points)
    return count
