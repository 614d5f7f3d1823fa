"""Renders the views one after another, each into one raw file with all passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import bpy

from worker.blender import compat, context
from worker.blender.faults import ObjectFault, brief
from worker.blender.geometry import poses
from worker.blender.materials import aovs
from worker.blender.views.render_region import RenderRegion, restrict, whole
from worker.blender.views.scene import aim, distance
from worker.blender.views.shooting import Shooting
from worker.contract import render_passes
from worker.contract.camera_layouts import Viewpoint
from worker.contract.protocol import View
from worker.contract.render_passes import Pass


def render_views(shooting: Shooting) -> list[View]:
    """Render each viewpoint once; where there are bounds, only what can show them.

    Files: NNN.exr is an uncompressed multilayer float32 EXR with the render passes that the
    recipe's images need. NNN.tga, written unless the view transform is "standard", is 8-bit RGBA
    with straight alpha, uncompressed.
    Raises: ObjectFault("render").
    """
    recipe, placed, bounds = shooting.recipe, shooting.placed, shooting.bounds
    prepare(render_passes.passes(recipe.images), recipe.subject.least_alpha)
    shooting.ready()
    kinds = ["passes"] if recipe.colour.view_transform == "standard" else ["passes", "display"]
    views = []
    for number, (viewpoint, frame) in enumerate(zip(shooting.viewpoints, shooting.frames)):
        shooting.on_view(number)
        name = f"{number:03d}"
        poses.show(frame)
        there = placed.viewpoint(viewpoint)
        aim(shooting.camera, there, distance(viewpoint) / placed.scale)
        region = bounds.region(there) if bounds else None
        view = take(name, viewpoint, kinds, shooting.scratch, frame, region)
        views.append(placed.raw(view))
    return views


def prepare(wanted: tuple[Pass, ...], least_alpha: float) -> None:
    """Enable exactly the passes `wanted` for all later renders."""
    scene = context.scene()
    layer = scene.view_layers[0]
    compat.clear_passes(layer)
    for each in wanted:
        if each.switch:
            setattr(layer, f"use_pass_{each.switch}", True)
    aovs.add(layer, wanted, least_alpha)
    _leave_no_stamps(scene)


def take(
    name: str,
    viewpoint: Viewpoint,
    kinds: list[str],
    scratch: str,
    frame: int = 0,
    region: RenderRegion | None = None,
) -> View:
    """Render the scene once through the camera, and write one raw file for each of `kinds`.

    `viewpoint` describes the camera, which must already be aimed. `region` is the part of the image
    to render; by default, all of it. Raises: ObjectFault("render").
    """
    scene = context.scene()
    region = region or whole(viewpoint)
    restrict(scene, region, viewpoint)
    files = {}
    for kind in kinds:
        files[kind] = f"{name}{SUFFIXES[kind]}"
        write(kind, Path(scratch, files[kind]))
    return View(
        name=name,
        camera_to_world=viewpoint.camera_to_world.tolist(),
        intrinsics=viewpoint.intrinsics.tolist(),
        width=viewpoint.width,
        height=viewpoint.height,
        projection=viewpoint.projection,
        files=files,
        frame=frame,
        window=region.edges(),
    )


def write(kind: str, path: Path) -> None:
    """Make a raw file of one `kind` of FORMATS. Raises: ObjectFault("render")."""
    scene = context.scene()
    compat.set_image_format(scene.render.image_settings, FORMATS[kind])
    _run(WRITERS[kind], scene, str(path))
    if not path.is_file():
        raise ObjectFault("render", f"Blender wrote no {path.name}; is the disk full?")


def _leave_no_stamps(scene: bpy.types.Scene) -> None:
    """Disable stamps such as date and render time, so that files do not differ between runs."""
    for name in dir(scene.render):
        if name.startswith("use_stamp"):
            setattr(scene.render, name, False)


def _render(scene: bpy.types.Scene, path: str) -> None:
    scene.render.filepath = path
    bpy.ops.render.render(write_still=True)


def _save_display(scene: bpy.types.Scene, path: str) -> None:
    bpy.data.images["Render Result"].save_render(path, scene=scene)


def _run(step: Callable[[bpy.types.Scene, str], None], scene: bpy.types.Scene, path: str) -> None:
    try:
        step(scene, path)
    except RuntimeError as error:
        raise ObjectFault("render", brief(error)) from error


# The raw files of a view by kind, as in `protocol.View.files`, which one render produces; a sample
# is one of several renders that `views.rasterised` takes the mean of.
SUFFIXES = {"passes": ".exr", "display": ".tga"}
WRITERS: dict[str, Callable[[bpy.types.Scene, str], None]] = {
    "passes": _render,
    "sample": _render,
    "display": _save_display,
}
FORMATS: dict[str, dict[str, Any]] = {
    "passes": {
        "file_format": "OPEN_EXR_MULTILAYER",
        "color_mode": "RGBA",
        "color_depth": "32",
        "exr_codec": "NONE",
    },
    "sample": {
        "file_format": "OPEN_EXR",
        "color_mode": "RGBA",
        "color_depth": "32",
        "exr_codec": "NONE",
    },
    "display": {
        "file_format": "TARGA_RAW",
        "color_mode": "RGBA",
    },
}
