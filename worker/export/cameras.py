"""Reads an object's cameras from ``cameras.json``, else from ``NNN.npy`` and the recipe."""

from __future__ import annotations

from typing import Final

import msgspec

from worker.codecs import camera_conventions
from worker.contract import camera_layouts
from worker.contract.protocol import View
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.core.errors import RenderFailed
from worker.export.camera_model import Cameras
from worker.export.opened_zip import OpenedZip
from worker.pack import placement, views
from worker.pack.records import cameras as record
from worker.pack.records.base import Taken

PIXEL_LIMIT: Final = 1 << 26
PERSPECTIVE: Final = "perspective"
MATRIX: Final = (3, 4)

_CAMERAS: Final = msgspec.json.Decoder(Cameras)


def read(zipped: OpenedZip) -> Cameras:
    """Read and check the cameras of a zip; there is at least one view.

    Raises: Unsupported, if the zip has no cameras; RenderFailed, if they are damaged.
    """
    if keys.CAMERAS in zipped.names():
        cameras = zipped.json(keys.CAMERAS, _CAMERAS)
    else:
        cameras = _CAMERAS.decode(_from_matrices(zipped))
    if not cameras.views:
        raise zipped.damaged("has no views")
    for view in cameras.views:
        if min(view.size) < 1 or view.width * view.height > PIXEL_LIMIT:
            raise zipped.damaged(f"has a view of {view.width}x{view.height} pixels")
    _check(zipped, [view.as_view for view in cameras.views])
    wanted = set(zipped.recipe.images)
    for view in cameras.views:
        if view.files.keys() != wanted:
            raise zipped.damaged(
                f"has other image kinds in view {view.name} than {', '.join(sorted(wanted))}"
            )
    if cameras.placement is not None and not cameras.placement.possible:
        raise zipped.damaged("has an invalid placement of the object")
    return cameras


def _from_matrices(zipped: OpenedZip) -> bytes:
    """The ``cameras.json`` that the record `cameras` would have written for this zip."""
    recipe, about = zipped.recipe, zipped.metadata
    if keys.matrix_file(keys.view_name(0)) not in zipped.names() or not _one_k(recipe):
        raise zipped.lacking(
            f"{keys.CAMERAS}, nor {keys.matrix_file('NNN')} of perspective cameras with one field "
            "of view (add cameras to the preset's records)"
        )
    shots = [_view(zipped, recipe, number) for number in range(recipe.views)]
    scene = {
        "scene_size": msgspec.to_builtins(about.scene_size),
        "placement": about.render_worker.placement,
    }
    _check(zipped, shots)
    try:
        where = placement.of(scene)
    except RenderFailed as error:
        raise zipped.damaged(f"has an invalid placement of the object: {error}") from error
    facts = {view.name: about.render_worker.facts.get(view.name, {}) for view in shots}
    covered = about.render_worker.coverage.views
    return record.contents(
        Taken(views=shots, placement=where, facts=facts, coverage=covered), recipe
    )


def _check(zipped: OpenedZip, shots: list[View]) -> None:
    try:
        views.check(shots, zipped.recipe)
    except RenderFailed as error:
        raise zipped.damaged(f"has invalid cameras: {error}") from error


def _one_k(recipe: Recipe) -> bool:
    """Whether the recipe alone determines the intrinsics of every view."""
    low, high = recipe.camera.fov
    file = recipe.camera.layout == "file"  # it may have each view's, and is not in the zip
    return recipe.camera.projection == PERSPECTIVE and low == high and not file


def _view(zipped: OpenedZip, recipe: Recipe, number: int) -> View:
    name = keys.view_name(number)
    file = keys.matrix_file(name)
    matrix = zipped.array(file)
    if matrix.shape != MATRIX or matrix.dtype.kind != "f":
        raise zipped.damaged(
            f"has a {file} of type {matrix.dtype} and shape {matrix.shape}, not float and 3x4"
        )
    width, height = recipe.resolution
    return View(
        name=name,
        camera_to_world=camera_conventions.from_world_to_camera_3x4(matrix).tolist(),
        intrinsics=camera_layouts.intrinsics(recipe.camera.fov[0], width, height).tolist(),
        width=width,
        height=height,
        projection=recipe.camera.projection,
        files={},
    )
