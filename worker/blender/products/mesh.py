"""The extra product `mesh`: the arrays of the object as rendered, in the cameras' world.

Modifiers and instances are applied, and only what a camera can see is included. The host writes the
files (`worker.pack.products.mesh`).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from worker.blender.faults import ObjectFault
from worker.blender.geometry import poses
from worker.blender.geometry.triangle_soup import Array, TriangleSoup, gather
from worker.blender.materials.colours import NO_MATERIAL, NO_SHADER
from worker.blender.materials.shader_reader import Reader
from worker.blender.views.placement import Placement
from worker.contract.mesh_keys import ARRAYS, MOST_COLOURS
from worker.contract.recipe import MESH, Recipe

SETTING = "mesh.most_faces"
Colour = tuple[float, float, float, float]
GREY: Colour = (NO_MATERIAL, NO_MATERIAL, NO_MATERIAL, 1.0)


@dataclasses.dataclass(frozen=True)
class Arrays:
    """What the child leaves of a mesh: raw files by kind, and facts for the answer's scene."""

    files: dict[str, str]
    facts: dict[str, Any]


NONE = Arrays({}, {})


def leave(recipe: Recipe, frame: int, placed: Placement, scratch: str) -> Arrays:
    """Write the arrays of what is seen at `frame` to `scratch`, if the recipe asks.

    Raises: ObjectFault: "empty" without a visible face, "too_large".
    """
    if MESH not in recipe.products:
        return NONE
    poses.show(frame)
    return leave_soup(gather(recipe.mesh.most_faces, SETTING), placed, scratch, recipe)


def leave_soup(soup: TriangleSoup, placed: Placement, scratch: str, recipe: Recipe) -> Arrays:
    """As `leave`, of triangles that are gathered already."""
    if MESH not in recipe.products:
        return NONE
    count = len(soup.triangles)
    if count > recipe.mesh.most_faces:
        raise ObjectFault(
            "too_large", f"more than {recipe.mesh.most_faces:,} triangles ({SETTING})"
        )
    used, numbers = np.unique(soup.triangles, return_inverse=True)
    points = placed.scale * (soup.points[used] - placed.centre)
    of, colours, varied = _colours(soup)
    arrays = {
        "points": points,
        "triangles": numbers.reshape(-1, 3),
        "normals": np.nan_to_num(soup.normals),
        "colour": of,
        "colours": colours,
    }
    files = {}
    for name, values in arrays.items():
        kind = ARRAYS[name]
        files[kind.file] = f"{kind.file}.raw"
        np.ascontiguousarray(values, kind.dtype).tofile(Path(scratch, files[kind.file]))
    facts = {
        "vertices": len(used), "triangles": count, "colours": len(colours),
        "materials_of_many_colours": varied,
    }  # fmt: skip
    return Arrays(files, {MESH: facts})


def _colours(soup: TriangleSoup) -> tuple[Array, Array, int]:
    """The colour of each triangle (T,), a row of the linear RGBA (N,4); and what has no one colour.

    A material whose colour is a picture or a pattern is grey; the number returned counts them.
    """
    groups: list[Any] = list(bpy.data.node_groups)
    rows: dict[Colour, int] = {}
    of = np.zeros(len(soup.materials), np.int64)
    varied = 0
    for number in np.unique(soup.material).tolist():
        colour = _colour(soup.materials[number])
        varied += colour is None
        of[number] = rows.setdefault(colour or GREY, len(rows))
    made: list[Any] = [each for each in bpy.data.node_groups if each not in groups]
    for each in made:  # the reader's own copies
        bpy.data.node_groups.remove(each)
    if len(rows) > MOST_COLOURS:
        raise ObjectFault("too_large", f"more than {MOST_COLOURS:,} colours of materials")
    return of[soup.material], np.array(list(rows), np.float64), varied


def _colour(material: Any) -> Colour | None:
    """The base colour and alpha of a material, linear; None if they are no constants."""
    if material is None:
        return GREY
    if not material.use_nodes or material.node_tree is None:
        red, green, blue = map(_share, material.diffuse_color[:3])
        return red, green, blue, 1.0
    copy = material.copy()  # the reader adds nodes
    try:
        surface = Reader(copy.node_tree).material()
        if surface is None:
            return (*NO_SHADER, 1.0)
        if not isinstance(surface.colour, tuple):
            return None
        alpha = surface.alpha if isinstance(surface.alpha, float) else 1.0
        red, green, blue = map(_share, surface.colour)
        return red, green, blue, _share(alpha)
    finally:
        bpy.data.materials.remove(copy)


def _share(value: float) -> float:
    """The nearest number from 0 to 1; of what is not a number, 0."""
    return min(max(0.0, float(value)), 1.0)
