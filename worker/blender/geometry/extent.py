"""Measures the visible geometry, with modifiers and instances applied, at all rendered frames.

Vertices are processed in chunks of at most `CHUNK` points, so that memory stays bounded even for
millions of vertices or instances. Modifiers use their render level of detail, see
`modifiers.as_rendered`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, Iterator, Sequence

import bpy
import numpy as np
import numpy.typing as npt

from worker.blender.faults import ObjectFault
from worker.blender.geometry import hair, poses
from worker.blender.geometry.visibility import Visibility, corner_vertices, seen_faces
from worker.contract.linear import product

MESH_TYPES = frozenset({"MESH", "CURVE", "SURFACE", "FONT", "META"})
BOXED_TYPES = frozenset({"CURVES", "POINTCLOUD", "VOLUME"})
"""Types that are rendered, but measured only by their bounding box."""
SHAPE_TYPES = MESH_TYPES | BOXED_TYPES
CHUNK = 1 << 21
KEPT = 1 << 20
"""The most points that an `Extent` keeps; they take 24 MB."""
CELLS = 48
"""Cells along each axis of the grid that `Extent.boxes` uses."""
SLACK = 1e-3
"""Margin of that grid on each side, as a share of the longest side of the box."""
FARTHEST = 1e3
"""Largest translation of an object, in longest sides, that keeps float32 errors below a pixel."""
Array = npt.NDArray[np.float64]


def check_box(low: Array, high: Array) -> None:
    """Check that the box from `low` to `high`, (3,) each, is finite and has a size.

    Raises: ObjectFault("empty").
    """
    if problem := box_problem(low, high):
        raise ObjectFault("empty", f"the bounding box {problem}")


def box_problem(low: Array, high: Array) -> str:
    """Why the box from `low` to `high`, (3,) each, is invalid; "" if it is valid."""
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return "is not finite"
    return "" if (high - low).max() > 0.0 else "has no size"


Key = tuple[int, tuple[bool, ...], bool]
Shapes = dict[Key, tuple[Array, int]]
Places = dict[Key, list[Array]]
_NOTHING = (np.empty((0, 3)), 0)


@dataclasses.dataclass(frozen=True)
class _Measured:
    """The lowest and highest corner (3,) of the box around all points, and the number of faces.

    farthest: the largest coordinate of an instance's place. points: all of them, or None if there
    are more than KEPT.
    """

    low: Array
    high: Array
    faces: int
    farthest: float
    points: list[Array] | None


class Extent:
    """The visible geometry at some frames of the scene as it is; after a change, make another.

    Up to KEPT points are kept; if there are more, each method evaluates the scene again.
    """

    def __init__(self, frames: Sequence[int]) -> None:
        self._frames = tuple(frames)

    def bounds(self) -> tuple[Array, Array]:
        """The lowest and highest corner, (3,) each, of the world-space box around all points.

        Raises: ObjectFault("empty") if nothing has faces, or the box is not finite or has no size.
        """
        found = self._measured
        if not found.faces:
            raise ObjectFault("empty", f"nothing to render: {_unseen()}")
        check_box(found.low, found.high)
        return found.low, found.high

    def support(self, directions: Array) -> Array:
        """How far (K,) points extend along each of `directions` (K,3) from the world origin."""
        farthest = np.full(len(directions), -np.inf)
        for points in self._points():
            step = max(1, 8 * CHUNK // len(points))
            for start in range(0, len(directions), step):
                part = slice(start, start + step)
                reached = product(points, directions[part].T).max(axis=0)
                farthest[part] = np.maximum(farthest[part], reached)
        return farthest

    def reach(self, centre: Array) -> float:
        """Distance from `centre` (3,), in world space, to the farthest visible vertex."""
        farthest = 0.0
        for points in self._points():
            squares = np.square(points - centre).sum(axis=1)
            farthest = max(farthest, float(squares.max()))
        return math.sqrt(farthest)

    def boxes(self) -> tuple[Array, Array] | None:
        """World-space boxes that contain all visible vertices: centres (N,3) and half sizes (3,).

        They are cells of a grid over the bounding box. Only the first and last occupied cell of
        each column are returned, because the cells between are never outermost.
        Returns None if a scene that is evaluated again has a vertex outside the grid, or if a
        translation is so much larger than the object that float32 rounding in Cycles decides where
        the vertices are.
        """
        low, high = self.bounds()
        side = float((high - low).max())
        if self._measured.farthest > FARTHEST * side:
            return None
        low, high = low - side * SLACK, high + side * SLACK
        cell = (high - low) / CELLS
        taken = np.zeros((CELLS, CELLS, CELLS), dtype=bool)
        for points in self._points():
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

    def _points(self) -> Iterator[Array]:
        """The world-space points (N,3) of all frames, in chunks."""
        kept = self._measured.points
        if kept is not None:
            yield from kept
            return
        for shapes, places in self._at_each_frame():
            yield from _placed(shapes, places)

    @functools.cached_property
    def _measured(self) -> _Measured:
        low, high = np.full(3, np.inf), np.full(3, -np.inf)
        faces, farthest, count = 0, 0.0, 0
        kept: list[Array] = []
        for shapes, places in self._at_each_frame():
            faces += sum(number for _, number in shapes.values())
            for matrices in places.values():
                farthest = max(farthest, float(np.abs(np.stack(matrices)[:, :3, 3]).max()))
            for points in _placed(shapes, places):
                low = np.minimum(low, points.min(axis=0))
                high = np.maximum(high, points.max(axis=0))
                count += len(points)
                if count <= KEPT:
                    kept.append(points)
                else:
                    kept.clear()
        few = [np.concatenate(kept)] if kept else []
        return _Measured(low, high, faces, farthest, few if count <= KEPT else None)

    def _at_each_frame(self) -> Iterator[tuple[Shapes, Places]]:
        """What is visible at each frame, from Blender."""
        for frame in self._frames:
            poses.show(frame)
            yield _seen()


def _seen() -> tuple[Shapes, Places]:
    """The points and face count of each visible shape, and the world matrices of its instances."""
    graph = bpy.context.evaluated_depsgraph_get()
    visibility = Visibility()
    places: Places = {}
    shapes: Shapes = {}
    for instance in graph.object_instances:
        item: Any = instance.object
        kind = item.type
        if kind not in SHAPE_TYPES:
            continue
        shown = visibility.of_instance(instance)
        hairy = kind == "MESH" and len(item.particle_systems) > 0 and visibility.of_hair(instance)
        hairy = hairy and bool(hair.systems(item))
        if not (shown or hairy):
            continue
        shape = item.data if kind == "MESH" and not hairy else item.original
        clear = visibility.clear_slots(item) if kind in MESH_TYPES else ()
        key = (shape.as_pointer(), clear, shown)
        if key not in shapes:
            shapes[key] = _points(item, clear) if shown else _NOTHING
            if hairy:
                shapes[key] = _with_hair(item, *shapes[key])
        if len(shapes[key][0]):
            places.setdefault(key, []).append(np.array(instance.matrix_world, dtype=np.float64))
    return shapes, places


def _unseen() -> str:
    """A message that says what the scene contains if nothing in it is visible."""
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
        f"{clear} faces with fully transparent materials" if clear else "",
        f"{hidden} objects hidden from the camera" if hidden else "",
    ]
    return ", ".join(filter(None, found)) or "no visible mesh"


def has_content(item: Any) -> bool:
    """Whether an evaluated object of BOXED_TYPES contains anything at all."""
    points = getattr(item.data, "points", None)
    return points is None or len(points) > 0


def _points(item: Any, clear: tuple[bool, ...]) -> tuple[Array, int]:
    """The vertices (N,3) of the visible faces, in object space, and the number of these faces.

    clear: for each material slot, whether it is fully transparent.
    """
    if item.type in BOXED_TYPES:
        if not has_content(item):  # such as what is left of a point instancer
            return _NOTHING
        return np.array([corner[:] for corner in item.bound_box]), 1
    try:
        mesh = item.data if item.type == "MESH" else item.to_mesh()
    except RuntimeError:  # a curve without any geometry
        return _NOTHING
    if mesh is None:  # curves that geometry nodes made, without a profile
        return _NOTHING
    points, faces = _seen_points(mesh, clear)
    if item.type != "MESH":
        item.to_mesh_clear()
    return points, faces


def _with_hair(item: Any, points: Array, faces: int) -> tuple[Array, int]:
    """The points and the face count of a shape together with its hairs, each counted as a face."""
    strands = hair.points(item)
    return np.concatenate([points, strands]), faces + len(strands)


def _seen_points(mesh: Any, clear: tuple[bool, ...]) -> tuple[Array, int]:
    if not len(mesh.polygons):
        return _NOTHING
    faces = seen_faces(mesh, clear)
    used = np.zeros(len(mesh.vertices), bool)
    used[corner_vertices(mesh, faces)] = True
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    seen = len(mesh.polygons) if faces is None else int(faces.sum())
    return points.reshape(-1, 3)[used].astype(np.float64), seen


def _placed(shapes: Shapes, places: Places) -> Iterator[Array]:
    """Yield the world-space points (N,3) of all instances of all shapes, in chunks."""
    for key, (points, _) in shapes.items():
        if key not in places:
            continue
        matrices = np.stack(places[key])
        for first in range(0, len(points), CHUNK):
            part = points[first : first + CHUNK]
            step = max(1, CHUNK // len(part))
            for start in range(0, len(matrices), step):
                some = matrices[start : start + step]
                linear = some[:, None, :3, :3].transpose(0, 1, 3, 2)
                turned = product(part[None], linear) + some[:, None, :3, 3]
                yield turned.reshape(-1, 3)
