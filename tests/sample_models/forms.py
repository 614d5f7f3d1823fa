"""Geometry that is no mesh, or far too much of one."""

from __future__ import annotations

from typing import Any, Callable

import bpy
import numpy as np

from tests.sample_models.crowds import link
from tests.sample_models.parts import CLAY, finish_of

ROWS = 806
"""Of the vast grid: ROWS - 1 squared quads are 648,025 of them, 1.3 million triangles."""


def curve() -> None:
    """A straight curve along x from -1 to 1, thickened to a round bar of radius 0.25, closed."""
    data: Any = bpy.data.curves.new("bar", "CURVE")
    data.dimensions = "3D"
    line = data.splines.new("POLY")
    line.points.add(1)
    line.points[0].co, line.points[1].co = (-1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, 1.0)
    data.bevel_depth, data.bevel_resolution, data.use_fill_caps = 0.25, 16, True
    data.materials.append(finish_of(CLAY))
    link(bpy.data.objects.new("bar", data), at=(0.0, 0.0, 0.0))


def text() -> None:
    """An "H" drawn out, standing on the XY plane's y axis."""
    data: Any = bpy.data.curves.new("letter", "FONT")
    data.body, data.extrude = "H", 0.1
    data.materials.append(finish_of(CLAY))
    link(bpy.data.objects.new("letter", data), at=(0.0, 0.0, 0.0))


def metaballs() -> None:
    """Two balls that have run into one."""
    data: Any = bpy.data.metaballs.new("balls")
    data.resolution = data.render_resolution = 0.1
    for x in (-0.4, 0.4):
        data.elements.new().co = (x, 0.0, 0.0)
    data.materials.append(finish_of(CLAY))
    link(bpy.data.objects.new("balls", data), at=(0.0, 0.0, 0.0))


def surface() -> None:
    """A NURBS sheet of 4 x 4 points over the unit square, raised to 1 in the middle."""
    data: Any = bpy.data.curves.new("sheet", "SURFACE")
    data.dimensions = "3D"
    sheet: Any = None
    for row in range(4):
        line = data.splines.new("NURBS")
        line.points.add(3)
        for column, point in enumerate(line.points):
            inner = row in {1, 2} and column in {1, 2}
            point.co = (column / 3, row / 3, float(inner), 1.0)
            point.select = True
    item = link(bpy.data.objects.new("sheet", data), at=(0.0, 0.0, 0.0))
    context: Any = bpy.context
    context.view_layer.objects.active = item
    operators: Any = bpy.ops
    operators.object.mode_set(mode="EDIT")
    operators.curve.make_segment()
    operators.object.mode_set(mode="OBJECT")
    sheet = data.splines[0]
    sheet.use_endpoint_u = sheet.use_endpoint_v = True
    data.materials.append(finish_of(CLAY))


def vast() -> None:
    """Hills over the square of side 2: 1.3 million triangles."""
    grid(ROWS)


def grid(rows: int) -> Any:
    """A mesh of (rows - 1) squared quads, made of arrays: a list of them would take minutes."""
    y, x = np.mgrid[-1.0 : 1.0 : rows * 1j, -1.0 : 1.0 : rows * 1j]
    z = 0.15 * np.sin(5 * x) * np.cos(4 * y)
    points = np.stack([x, y, z], axis=-1).astype(np.float32)
    first = (np.arange(rows - 1)[:, None] * rows + np.arange(rows - 1)).reshape(-1, 1)
    corners = (first + np.array([0, 1, rows + 1, rows])).astype(np.int32)
    mesh: Any = bpy.data.meshes.new("grid")
    mesh.vertices.add(rows * rows)
    mesh.vertices.foreach_set("co", points.ravel())
    mesh.loops.add(corners.size)
    mesh.loops.foreach_set("vertex_index", corners.ravel())
    mesh.polygons.add(len(corners))
    mesh.polygons.foreach_set("loop_start", np.arange(0, corners.size, 4, dtype=np.int32))
    mesh.polygons.foreach_set("loop_total", np.full(len(corners), 4, dtype=np.int32))
    mesh.update(calc_edges=True)
    return link(bpy.data.objects.new("grid", mesh), at=(0.0, 0.0, 0.0))


FORMS: dict[str, Callable[[], None]] = {
    "curve.blend": curve,
    "text.blend": text,
    "metaballs.blend": metaballs,
    "surface.blend": surface,
}
VAST: dict[str, Callable[[], None]] = {"vast.stl": vast}
"""Apart from the rest, for it is 65 MB."""
