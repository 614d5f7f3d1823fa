"""How far what will be seen reaches: modifiers and instances applied, at every frame rendered.

Vertices are streamed through in pieces, so that millions of them, or of instances, need no more
memory than `CHUNK` points. Modifiers are at the level of detail that is rendered, see
`modifiers.as_rendered`.
"""

from __future__ import annotations

import math
from typing import Any, Iterator, Sequence

import bpy
import numpy as np
import numpy.typing as npt

from worker.blender.faults import ObjectFault
from worker.blender.geometry import poses
from worker.blender.geometry.visibility import Visibility, corner_vertices, seen_faces

MESH_TYPES = frozenset({"MESH", "CURVE", "SURFACE", "FONT", "META"})
BOXED_TYPES = frozenset({"CURVES", "POINTCLOUD", "VOLUME"})
"""Rendered too, but measured by their bounding box only."""
SHAPE_TYPES = MESH_TYPES | BOXED_TYPES
CHUNK = 1 << 21
CELLS = 48
"""Of the grid that `boxes` come from, along each axis."""
SLACK = 1e-3
"""By how much of the longest side that grid is larger, on each side."""
FARTHEST = 1e3
"""Longest sides that an object may be moved by: float32 then errs by less than a pixel."""
Array = npt.NDArray[np.float64]


def bounds(frames: Sequence[int]) -> tuple[Array, Array]:
    """World-space corners, (3,) each, of the box around all that will be seen.

    Raises: ObjectFault("empty") when nothing has faces, or the box is not finite or has no size.
    """
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    faces = 0
    for frame in frames:
        poses.show(frame)
        shapes, places = _seen()
        faces += sum(count for _, count in shapes.values())
        for points in _placed(shapes, places):
            low = np.minimum(low, points.min(axis=0))
            high = np.maximum(high, points.max(axis=0))
    if not faces:
        raise ObjectFault("empty", f"nothing to render: {_unseen()}")
    check_box(low, high)
    return low, high


def check_box(low: Array, high: Array) -> None:
    """Raises: ObjectFault("empty"), unless the box from `low` to `high` is finite, with a size."""
    if problem := box_problem(low, high):
        raise ObjectFault("empty", f"the bounding box {problem}")


def box_problem(low: Array, high: Array) -> str:
    """Why nothing can stand in the box from `low` to `high`, (3,) each; "" where something can."""
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return "is not finite"
    return "" if (high - low).max() > 0.0 else "has no size"


def support(directions: Array, frames: Sequence[int]) -> Array:
    """How far it reaches, (K,), along each of `directions` (K,3), from the world's origin."""
    farthest = np.full(len(directions), -np.inf)
    for frame in frames:
        poses.show(frame)
        for points in _placed(*_seen()):
            step = max(1, 8 * CHUNK // len(points))
            for start in range(0, len(directions), step):
                part = slice(start, start + step)
                reached = (points @ directions[part].T).max(axis=0)
                farthest[part] = np.maximum(farthest[part], reached)
    return farthest


def reach(centre: Array, frames: Sequence[int]) -> float:
    """Distance from `centre` (3,) to the farthest vertex."""
    farthest = 0.0
    for frame in frames:
        poses.show(frame)
        for points in _placed(*_seen()):
            squares = np.square(points - centre).sum(axis=1)
            farthest = max(farthest, float(squares.max()))
    return math.sqrt(farthest)


def boxes(low: Array, high: Array, frames: Sequence[int]) -> tuple[Array, Array] | None:
    """Boxes that hold every vertex seen: their centres (N,3), and half their sides (3,).

    They are cells of a grid from `low` to `high`, (3,) each; of each column of it the two ends,
    for what lies between is never the outermost. None if something is not between those, or where
    it is depends on how Cycles rounds: numbers far larger than the object that cancel out.
    """
    side = float((high - low).max())
    low, high = low - side * SLACK, high + side * SLACK
    cell = (high - low) / CELLS
    taken = np.zeros((CELLS, CELLS, CELLS), dtype=bool)
    for frame in frames:
        poses.show(frame)
        shapes, places = _seen()
        if not places:
            continue
        matrices = np.concatenate([np.stack(found) for found in places.values()])
        if np.abs(matrices[:, :3, 3]).max() > FARTHEST * side:
            return None
        for points in _placed(shapes, places):
            at = np.floor((points - low) / cell)
            if at.size and not (at.min() >= 0 and at.max() < CELLS):
                return None
            at = at.astype(np.int64)
            taken[at[:, 0], at[:, 1], at[:, 2]] = True
    columns = np.argwhere(taken.any(axis=2))
    along = taken[columns[:, 0], columns[:, 1]]
    ends = along.argmax(axis=1), CELLS - 1 - along[:, ::-1].argmax(axis=1)
    cells = np.concatenate([np.column_stack([columns, end]) for end in ends])
    return low + (cells + 0.5) * cell, cell / 2.0


Key = tuple[int, tuple[bool, ...]]
Shapes = dict[Key, tuple[Array, int]]
Places = dict[Key, list[Array]]


def _seen() -> tuple[Shapes, Places]:
    """Of each shape seen now its points and faces, and the matrices it is seen through."""
    graph = bpy.context.evaluated_depsgraph_get()
    visibility = Visibility()
    places: Places = {}
    shapes: Shapes = {}
    for instance in graph.object_instances:
        item: Any = instance.object
        kind = item.type
        if kind not in SHAPE_TYPES or not visibility.of_instance(instance):
            continue
        shape = item.data if kind == "MESH" else item.original
        clear = visibility.clear_slots(item) if kind in MESH_TYPES else ()
        key = (shape.as_pointer(), clear)
        if key not in shapes:
            shapes[key] = _points(item, clear)
        if len(shapes[key][0]):
            places.setdefault(key, []).append(np.array(instance.matrix_world, dtype=np.float64))
    return shapes, places


def _unseen() -> str:
    """What there is instead of something to see, in words."""
    visibility = Visibility()
    loose = clear = hidden = 0
    for instance in bpy.context.evaluated_depsgraph_get().object_instances:
        item: Any = instance.object
        if item.type not in SHAPE_TYPES or not instance.show_self:
            continue
        if not visibility.of_instance(instance):
            hidden += 1
        elif item.type == "MESH" and not len(item.data.polygons):
            loose += len(item.data.vertices)
        elif item.type == "MESH":
            clear += len(item.data.polygons)
    found = [
        f"{loose} points without a face" if loose else "",
        f"{clear} faces whose materials are wholly clear" if clear else "",
        f"{hidden} objects that the camera does not see" if hidden else "",
    ]
    return ", ".join(filter(None, found)) or "no visible mesh"


def _points(item: Any, clear: tuple[bool, ...]) -> tuple[Array, int]:
    """Vertices (N,3) of the faces that are seen, in the object's own space; how many faces.

    `clear`: which of its material slots are wholly clear.
    """
    if item.type in BOXED_TYPES:
        return np.array([corner[:] for corner in item.bound_box]), 1
    try:
        mesh = item.data if item.type == "MESH" else item.to_mesh()
    except RuntimeError:  # a curve without any geometry
        return np.empty((0, 3)), 0
    points, faces = _seen_points(mesh, clear)
    if item.type != "MESH":
        item.to_mesh_clear()
    return points, faces


def _seen_points(mesh: Any, clear: tuple[bool, ...]) -> tuple[Array, int]:
    if not len(mesh.polygons):
        return np.empty((0, 3)), 0
    faces = seen_faces(mesh, clear)
    used = np.zeros(len(mesh.vertices), bool)
    used[corner_vertices(mesh, faces)] = True
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    seen = len(mesh.polygons) if faces is None else int(faces.sum())
    return points.reshape(-1, 3)[used].astype(np.float64), seen


def _placed(shapes: Shapes, places: Places) -> Iterator[Array]:
    """World-space points (N,3) of every shape in every place, some at a time."""
    for key, (points, _) in shapes.items():
        if key not in places:
            continue
        matrices = np.stack(places[key])
        for first in range(0, len(points), CHUNK):
            part = points[first : first + CHUNK]
            step = max(1, CHUNK // len(part))
            for start in range(0, len(matrices), step):
                some = matrices[start : start + step]
                turned = part @ some[:, :3, :3].transpose(0, 2, 1) + some[:, None, :3, 3]
                yield turned.reshape(-1, 3)
