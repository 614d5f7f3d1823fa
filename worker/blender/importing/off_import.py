"""Imports an OFF file into the scene; its axes are kept (Z up), as Blender's PLY importer does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from worker.blender import compat, context
from worker.blender.importing import file_colours, off_file
from worker.blender.importing.off_file import OffMesh
from worker.blender.importing.paths import Root

NO_COLOUR = 0.8
"""Linear grey for faces without a colour if others have one; the same as without a material."""


def bring(root: Root) -> None:
    """Add the model of `root` to the scene. Raises: ObjectFault, as `off_file.read`."""
    found = off_file.read(root.model)
    name = Path(root.model).stem
    mesh: Any = bpy.data.meshes.new(name)
    compat.fill_faces(mesh, found.points, found.corners, found.sizes)
    _add_colours(mesh, found)
    faces = len(mesh.polygons)
    mesh.validate()  # drops duplicate faces, and faces that repeat a vertex
    if found.normals is not None and len(mesh.polygons) == faces:
        corners = found.normals[found.corners]
        mesh.polygons.foreach_set("use_smooth", np.ones(faces, bool))
        compat.set_corner_normals(mesh, np.nan_to_num(corners))
    context.scene().collection.objects.link(bpy.data.objects.new(name, mesh))


def _add_colours(mesh: Any, found: OffMesh) -> None:
    if found.vertex_colours is not None:
        kind, colours = "POINT", _linear(found.vertex_colours)
    elif found.face_colours is not None:
        kind = "CORNER"
        colours = np.repeat(_linear(found.face_colours), found.sizes, axis=0)
    else:
        return
    layer = mesh.color_attributes.new(file_colours.LAYER, "FLOAT_COLOR", kind)
    with_alpha = np.column_stack([colours, np.ones(len(colours))]).astype(np.float32)
    layer.data.foreach_set("color", with_alpha.ravel())


def _linear(colours: Any) -> Any:
    """Convert colours to scene-linear (N,3); a missing colour becomes grey."""
    there = np.isfinite(colours).all(axis=1)
    linear = np.full(colours.shape, NO_COLOUR)
    linear[there] = file_colours.linear(colours[there])
    return linear
