"""Renders the views of EEVEE and Workbench: data and colour in renders of their own.

Data are taken with one sample at the pixel's centre, colours with the recipe's samples.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from pathlib import Path
from typing import Any, Callable, Iterator

import bpy
import numpy as np

from worker.blender import context, rasterisers
from worker.blender.geometry import poses
from worker.blender.geometry.extent import Array
from worker.blender.materials import rasterised
from worker.blender.views import render
from worker.blender.views.scene import NEAR, aim, distance
from worker.blender.views.shooting import Shooting
from worker.contract import render_passes
from worker.contract.engines import EEVEE
from worker.contract.protocol import COLOUR, View
from worker.contract.recipe import Recipe

SAMPLE = "sample.exr"


def render_views(shooting: Shooting) -> list[View]:
    """As `render.render_views`, of one of the rasterisers; `on_view` may be called twice a view.

    Files: NNN.exr, if more than colour is wanted: the passes, of one sample at the pixel's centre;
    its alpha is 0 where nothing is seen, and depth is meaningless there. NNN.raw: colour, as
    `protocol.COLOUR`. NNN.tga as there.
    Raises: ObjectFault("render").
    """
    recipe, scene = shooting.recipe, context.scene()
    wanted = render_passes.passes(recipe.images)
    MATERIALS[recipe.engine]()
    render.prepare(wanted, recipe.subject.least_alpha)
    shooting.ready()
    kinds = ["passes"] if len(wanted) > 1 else []
    views: list[View] = []
    with _data(recipe) if kinds else contextlib.nullcontext():
        for number, (viewpoint, frame) in enumerate(zip(shooting.viewpoints, shooting.frames)):
            if kinds:
                _aim(shooting, number)
            view = render.take(f"{number:03d}", viewpoint, kinds, shooting.scratch, frame)
            views.append(shooting.placed.raw(view))
    places = rasterisers.for_colour(scene, recipe)
    for number, view in enumerate(views):
        _aim(shooting, number)
        files = {**view.files, **_colour(shooting, view, places)}
        views[number] = dataclasses.replace(view, files=files)
    return views


def _aim(shooting: Shooting, number: int) -> None:
    """Show a view to the camera, with clip planes around the object."""
    shooting.on_view(number)
    poses.show(shooting.frames[number])
    viewpoint, placed = shooting.viewpoints[number], shooting.placed
    there, reach = placed.viewpoint(viewpoint), distance(viewpoint) / placed.scale
    aim(shooting.camera, there, reach)
    corners = np.array(list(itertools.product(*zip(shooting.low, shooting.high))))
    pose = there.camera_to_world
    depths = -((corners - pose[:3, 3]) @ pose[:3, 2])
    lens = shooting.camera.data
    lens.clip_start, lens.clip_end = rasterisers.clips(depths.min(), depths.max(), NEAR * reach)


@contextlib.contextmanager
def _data(recipe: Recipe) -> Iterator[None]:
    """While it lasts, data are drawn."""
    rasterisers.for_data(context.scene(), recipe.engine)
    undo = rasterised.cut_out(recipe.subject.least_alpha) if recipe.engine == EEVEE else None
    try:
        yield
    finally:
        if undo is not None:
            undo()


def _colour(shooting: Shooting, view: View, places: list[tuple[float, float]]) -> dict[str, str]:
    """Draw a view from each of `places` in the pixel, and leave the mean. Returns: files by kind.

    The camera is aimed.
    """
    lens, scene = shooting.camera.data, context.scene()
    ratio = scene.render.pixel_aspect_x / scene.render.pixel_aspect_y
    shift = lens.shift_x, lens.shift_y
    total = np.zeros((view.height, view.width, 4), np.float64)
    sample = Path(shooting.scratch, SAMPLE)
    for right, up in places:
        lens.shift_x = shift[0] + right / view.width
        lens.shift_y = shift[1] + up / ratio / view.width
        render.write("sample", sample)
        total += _pixels(sample)
    lens.shift_x, lens.shift_y = shift
    sample.unlink()
    files = {COLOUR: f"{view.name}.raw"}
    (total / len(places)).astype("<f4").tofile(Path(shooting.scratch, files[COLOUR]))
    if shooting.recipe.colour.view_transform != "standard":
        files["display"] = f"{view.name}{render.SUFFIXES['display']}"
        render.write("display", Path(shooting.scratch, files["display"]))
    return files


def _pixels(path: Path) -> Array:
    """An EXR's (H,W,4), as it is stored, from the top."""
    image: Any = bpy.data.images.load(str(path))
    try:
        image.colorspace_settings.name = "Non-Color"
        width, height = image.size
        pixels = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(pixels)
    finally:
        bpy.data.images.remove(image)
    found: Array = pixels.reshape(height, width, 4)[::-1].astype(np.float64)
    return found


MATERIALS: dict[str, Callable[[], None]] = {
    "eevee": rasterised.for_eevee,
    "workbench": rasterised.for_workbench,
}
