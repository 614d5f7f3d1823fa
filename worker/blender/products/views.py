"""Pictures of one object from many sides: the product `views`."""

from __future__ import annotations

import time

from worker.blender import engine
from worker.blender.engine import Device
from worker.blender.geometry import extent, modifiers, poses, statistics
from worker.blender.importing import importers
from worker.blender.importing.paths import Root
from worker.blender.materials import colours
from worker.blender.products.base import Tell
from worker.blender.views import indices, lights, render, scene, visible_bounds
from worker.contract import camera_layouts, render_passes
from worker.contract.protocol import Phase, Rendered, RenderObject
from worker.contract.random_streams import digest, stream
from worker.contract.recipe import Recipe


def make(request: RenderObject, recipe: Recipe, device: Device, tell: Tell) -> Rendered:
    """Import, normalise, light, and render every view. Raises: ObjectFault."""
    uid = request.uid
    root = Root(request.root, request.model)
    suffix = request.format.lower()

    tell(Phase(uid, "import"))
    scene.clean()
    importers.load(root, suffix, recipe.subject)

    tell(Phase(uid, "scene"))
    facts = statistics.count(root)
    frames = poses.frames(recipe.subject, recipe.views)
    shown = sorted(set(frames))
    modifiers.as_rendered()
    facts.update(colours.supply(uid, recipe, root, suffix))  # a picture may displace a surface
    low, high = extent.bounds(shown)
    if len(shown) == 1:
        modifiers.apply_costly()
    facts["scene_size"] = statistics.scene_size(low, high)
    centre, scale = _normal_form(recipe, low, high, shown)
    facts["placement"] = {"scale": scale, "offset": (-scale * centre).tolist()}

    def support(directions: extent.Array) -> extent.Array:
        return scale * (extent.support(directions, shown) - directions @ centre)

    viewpoints = camera_layouts.viewpoints(
        recipe.camera, recipe.views, recipe.resolution, stream(uid, recipe, "cameras"), support
    )
    scene.normalise(centre, scale)
    rig = lights.add(recipe.lights, stream(uid, recipe, "lights"), scale)
    seen = visible_bounds.around(
        recipe, rig, scale * (low - centre), scale * (high - centre), shown
    )
    camera = scene.add_camera()
    wanted = render_passes.passes(recipe.images)
    if not {*wanted} <= {render_passes.COMBINED, render_passes.DEPTH}:
        colours.complete()
    facts.update(indices.number(wanted))
    runtime = engine.configure(recipe, device, digest(uid, recipe, "cycles") % (1 << 31))
    runtime["lights"] = rig

    start = time.monotonic()
    views = render.render_views(
        recipe, camera, viewpoints, frames, request.scratch,
        lambda number: tell(Phase(uid, "view", number)), seen,
    )  # fmt: skip
    return Rendered(uid, views, facts, runtime, time.monotonic() - start)


def _normal_form(
    recipe: Recipe, low: extent.Array, high: extent.Array, frames: list[int]
) -> tuple[extent.Array, float]:
    """What becomes the origin, and by how much the object is scaled."""
    centre = (low + high) / 2.0
    if recipe.subject.normalise == "none":
        return centre * 0.0, 1.0
    if recipe.subject.normalise == "unit-sphere":
        return centre, recipe.subject.size / extent.reach(centre, frames)
    return centre, recipe.subject.size / float((high - low).max())
