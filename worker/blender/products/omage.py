"""The product `omage`: an object image."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from worker.blender import debugging, engine
from worker.blender.engine import Device
from worker.blender.faults import ObjectFault
from worker.blender.geometry import extent, modifiers, poses, statistics
from worker.blender.geometry.triangle_soup import Array, TriangleSoup, gather
from worker.blender.materials import colours
from worker.blender.omage import bake, layout
from worker.blender.omage.layout import WeldedSurface
from worker.blender.omage.seams import closing
from worker.blender.omage.weld import weld
from worker.blender.products import mesh
from worker.blender.products.base import Report, imported
from worker.blender.products.told_views import telling
from worker.blender.views.placement import Placement
from worker.contract.omage_keys import EXTENT, WELD
from worker.contract.protocol import Rendered, RenderObject
from worker.contract.random_streams import digest
from worker.contract.recipe import Recipe

FILE, FILE_SMALL = "omage.f32", "omage_small.f32"
"""The raw files: each an array's little-endian numbers in C order, and nothing else."""


def make(request: RenderObject, recipe: Recipe, device: Device, report: Report) -> Rendered:
    """Import the object, merge it into one mesh, lay out its charts and bake them.

    Raises: ObjectFault.
    """
    uid = request.uid
    staged, suffix, facts = imported(request, recipe, report)
    poses.show(poses.frames(recipe.subject, 1)[0])
    modifiers.as_rendered()
    facts.update(colours.supply(uid, recipe, staged, suffix))
    modifiers.evaluate_anew()
    colours.complete()
    layer: Any = bpy.context.view_layer
    layer.update()
    soup = gather(recipe.omage.most_faces)
    low, high = _bounds(soup)
    centre, scale = (low + high) / 2.0, EXTENT / float((high - low).max())
    facts["scene_size"] = statistics.scene_size(low, high)
    facts["placement"] = {"scale": scale, "offset": (-scale * centre).tolist()}
    left = mesh.leave_soup(soup, Placement(centre, scale), request.scratch, recipe)
    facts.update(left.facts)
    points = (soup.points - centre) * scale
    soup, area = _welded(points, soup)
    surface = WeldedSurface(points, soup.triangles, area)
    laid = layout.lay_out(surface, soup.uv, recipe.omage, recipe.resolution[0])
    facts["omage"] = laid.facts

    runtime = engine.configure(recipe, device, digest(uid, recipe, "cycles") % (1 << 31))
    debugging.save(request, "ready")
    start = time.monotonic()
    image = bake.bake(
        points,
        soup.only(laid.triangles),
        laid,
        recipe.omage,
        telling(request, report),
    )
    seams = closing.seams(points, soup.triangles[laid.triangles], laid.corners, laid.uv, laid.chart)
    image, small, closed = closing.closed(image, seams, laid.cover.chart, recipe.omage.small)
    facts["omage"] |= closed
    for name, array in ((FILE, image), (FILE_SMALL, small)):
        np.asarray(array, "<f4").tofile(Path(request.scratch) / name)
    files = {"omage": FILE, "omage_small": FILE_SMALL, **left.files}
    return Rendered(uid, [], facts, runtime, time.monotonic() - start, files=files)


def _bounds(soup: TriangleSoup) -> tuple[Array, Array]:
    """Return the low and high corner (3,) of the bounding box of all faces.

    Raises: ObjectFault("empty").
    """
    used = soup.points[np.unique(soup.triangles)]
    low, high = used.min(axis=0), used.max(axis=0)
    extent.check_box(low, high)
    return low, high


def _welded(points: Array, soup: TriangleSoup) -> tuple[TriangleSoup, Any]:
    """Weld the soup's points and drop its duplicate and zero-area triangles.

    Returns: the remaining soup, and the area of each of its triangles (T,).
    Raises: ObjectFault("empty") if no triangle has an area.
    """
    used, numbers = np.unique(soup.triangles, return_inverse=True)
    first = used[weld(points[used], WELD)]
    triangles = first[numbers.reshape(-1, 3)]
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2.0
    fit = (area > 0.0) & _first_of_kind(triangles)
    if not fit.any():
        raise ObjectFault("empty", "all faces have zero area")
    return dataclasses.replace(soup, triangles=triangles).only(fit), area[fit]


def _first_of_kind(triangles: Array) -> Array:
    """Return a mask (T,) of triangles (T,3) that have no earlier duplicate of the same winding."""
    start = triangles.argmin(axis=1)[:, None]
    turned = np.take_along_axis(triangles, (start + np.arange(3)) % 3, axis=1)
    _, first = np.unique(turned, axis=0, return_index=True)
    kept = np.zeros(len(triangles), bool)
    kept[first] = True
    return kept
