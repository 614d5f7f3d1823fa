"""The product `views`: images of one object from many cameras."""

from __future__ import annotations

import time

import numpy as np

from worker.blender import compat, debugging, engine
from worker.blender.engine import Device
from worker.blender.faults import ObjectFault
from worker.blender.geometry import modifiers, poses, statistics
from worker.blender.geometry.extent import Array, Extent
from worker.blender.materials import colours
from worker.blender.products import mesh
from worker.blender.products.base import Report, imported
from worker.blender.products.told_views import telling
from worker.blender.views import (
    indices,
    lights,
    placement,
    rasterised,
    render,
    scene,
    sky,
    visible_bounds,
)
from worker.blender.views.placement import Placement
from worker.blender.views.rescale import rescale
from worker.blender.views.shooting import Shooting
from worker.contract import camera_layouts, render_passes
from worker.contract.camera_fit import Support
from worker.contract.engines import RASTERISERS
from worker.contract.linear import product
from worker.contract.protocol import Rendered, RenderObject
from worker.contract.random_streams import digest, stream
from worker.contract.recipe import Recipe

MEASURED = 1e-3
"""Tolerance for the position of the normalised object, as a share of its longest side."""


def make(request: RenderObject, recipe: Recipe, device: Device, report: Report) -> Rendered:
    """Import, normalise and light the object, and render every view. Raises: ObjectFault."""
    uid = request.uid
    staged, suffix, facts = imported(request, recipe, report)
    eyes = camera_layouts.eyes(recipe.camera)
    each = poses.frames(recipe.subject, recipe.views // eyes)
    frames = [frame for frame in each for _ in range(eyes)]
    shown = sorted(set(frames))
    modifiers.as_rendered()
    facts.update(colours.supply(uid, recipe, staged, suffix))  # a texture may displace a surface
    modifiers.evaluate_anew()
    measured = Extent(shown)
    low, high = measured.bounds()
    if len(shown) == 1 and modifiers.apply_costly():
        measured = Extent(shown)
    facts["scene_size"] = statistics.scene_size(low, high)
    wanted_form = _normal_form(recipe, low, high, measured)
    scale = wanted_form.scale
    facts["placement"] = {"scale": scale, "offset": (-scale * wanted_form.centre).tolist()}
    viewpoints = camera_layouts.viewpoints(
        recipe.camera, recipe.views, recipe.resolution, stream(uid, recipe, "cameras"),
        _support(measured, wanted_form), ring=recipe.splits.ring(recipe.views),
    )  # fmt: skip
    placed = wanted_form
    if not placement.is_exact(low, high):
        rescale(wanted_form, is_still=len(shown) == 1)
        placed = placement.IDENTITY
    lit, environment = sky.drawn(recipe.lights, stream(uid, recipe, "environment"))
    rig = lights.add(lit, stream(uid, recipe, "lights"), placed, grown=scale / placed.scale)
    measured = Extent(shown)
    low, high = _checked(placed, wanted_form.corners(low, high), measured)
    seen = visible_bounds.around(recipe, rig, measured)
    left = mesh.leave(recipe, frames[0], placed, request.scratch)
    facts.update(left.facts)
    camera = scene.add_camera()
    wanted = render_passes.passes(recipe.images)
    plain = {*wanted} <= {render_passes.COMBINED, render_passes.DEPTH}
    if not plain or compat.bare_surfaces_reflect():
        colours.complete()
    facts.update(indices.number(wanted))
    runtime = engine.configure(recipe, device, digest(uid, recipe, "cycles") % (1 << 31))
    runtime["lights"] = rig
    if environment:
        runtime["environment"] = environment

    start, start_cpu = time.monotonic(), time.process_time()
    shooting = Shooting(
        recipe, camera, viewpoints, frames, request.scratch, placed, low, high, seen,
        on_view=telling(request, report),
        ready=lambda: debugging.save_views(request, viewpoints, frames, placed),
    )  # fmt: skip
    renderer = rasterised if recipe.engine in RASTERISERS else render
    views = renderer.render_views(shooting)
    spent, spent_cpu = time.monotonic() - start, time.process_time() - start_cpu
    return Rendered(uid, views, facts, runtime, spent, files=left.files, render_cpu_s=spent_cpu)


def _normal_form(recipe: Recipe, low: Array, high: Array, measured: Extent) -> Placement:
    reach = 0.0
    if recipe.subject.normalise == "unit-sphere":
        reach = measured.reach((low + high) / 2.0)
    return placement.normal_form(recipe.subject, low, high, reach)


def _support(measured: Extent, form: Placement) -> Support:
    """How far the object reaches from the origin, once it is placed as `form` says."""

    def support(directions: Array) -> Array:
        offsets = product(directions, form.centre[:, None])[:, 0]
        reached: Array = form.scale * (measured.support(directions) - offsets)
        return reached

    return support


def _checked(placed: Placement, wanted: Array, measured: Extent) -> tuple[Array, Array]:
    """Compare the scene, `measured` anew, with the box `wanted` (2,3) in world coordinates.

    Returns: the low and high corner (3,) of the scene's bounding box, in the scene's own space.
    Raises: ObjectFault("unsupported") if the boxes differ: something in the file, such as a
    constraint or an instance of an instance, does not follow when the scene is scaled.
    """
    low, high = measured.bounds()
    found = placed.corners(low, high)
    side = float((wanted[1] - wanted[0]).max())
    if not np.abs(found - wanted).max() <= MEASURED * side:
        spans = float((found[1] - found[0]).max())
        raise ObjectFault(
            "unsupported",
            f"after normalisation the longest side is {spans:.4g}, not {side:.4g}, or the object "
            "is off centre: part of the scene is not scaled with the rest",
        )
    return low, high
