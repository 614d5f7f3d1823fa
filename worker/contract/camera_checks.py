"""Contradictions between the keys of a recipe's camera. Needs no bpy."""

from __future__ import annotations

import math

from worker.contract import camera_file
from worker.contract.camera_fit import PARALLEL
from worker.contract.recipe import Camera
from worker.contract.schema import RecipeError

LEAST_HEIGHT = 0.01
"""Smallest range of heights, as a share of the largest radius: below, redrawing takes too long."""
LISTS = {"list": ("azimuths", "elevations"), "file": ("file",)}
"""Keys that only one layout reads, and needs."""
PLACED = ("distance", "target", "roll", "northern")
"""Keys that place a camera, and have no effect on the poses of a file."""


def check(camera: Camera) -> None:
    """Refuse what no single key's range can. Raises: RecipeError."""
    for rule in (_ranges, _heights, _fixed, _cube, _lists, _file):
        rule(camera)


def _ranges(camera: Camera) -> None:
    for name in ("radius", "fov", "elevation", "margin", "roll"):
        low, high = getattr(camera, name)
        if low > high:
            raise RecipeError(
                f"'camera.{name}' is [{low:g}, {high:g}]; write the smaller value first"
            )
    if not camera.radius[0] > 0.0:
        raise RecipeError(f"'camera.radius' is {camera.radius[0]:g}, allowed: more than 0")


def _heights(camera: Camera) -> None:
    far = camera.radius[1]
    if camera.layout == "shell" and camera.max_height < LEAST_HEIGHT * far:
        raise RecipeError(
            f"'camera.max_height' is {camera.max_height:g}, allowed: at least "
            f"{LEAST_HEIGHT:g} of the largest radius ({far:g})"
        )
    most = min(camera.max_height, camera.radius[0]) - LEAST_HEIGHT * far
    if camera.layout == "shell" and camera.min_height > most:
        raise RecipeError(
            f"'camera.min_height' is {camera.min_height:g}, allowed with these radii and "
            f"max_height: at most {most:.4g}"
        )


def _fixed(camera: Camera) -> None:
    if camera.layout == "fixed" and not camera.fixed:
        raise RecipeError(
            "'camera.fixed' is empty; layout 'fixed' needs positions, such as [[0, -2, 0.5]]"
        )
    for position in camera.fixed:
        if math.dist(position, camera.target) < PARALLEL:
            where = "'camera.target'" if any(camera.target) else "the origin"
            raise RecipeError(f"'camera.fixed' has a position at {where}; move it away")


def _cube(camera: Camera) -> None:
    if camera.distance == "cube" and camera.projection == "orthographic":
        raise RecipeError(
            "'camera.distance' is 'cube', which needs a field of view; "
            "allowed for orthographic cameras: drawn, fit, fit-all"
        )
    if camera.distance == "cube" and any(camera.target):
        raise RecipeError(
            "'camera.distance' is 'cube', which needs 'camera.target' at the origin; use fit"
        )


def _lists(camera: Camera) -> None:
    for layout, names in LISTS.items():
        for name in names:
            given = getattr(camera, name)
            if given and camera.layout != layout:
                raise RecipeError(
                    f"'camera.{name}' has no effect with layout '{camera.layout}'; set "
                    f"'camera.layout' to {layout}, or remove it"
                )
            if not given and camera.layout == layout:
                raise RecipeError(f"'camera.{name}' is empty; layout '{layout}' needs it")
    counts = len(camera.azimuths), len(camera.elevations)
    if counts[0] != counts[1] and 1 not in counts:
        raise RecipeError(
            f"'camera.azimuths' has {counts[0]} values, but 'camera.elevations' {counts[1]}; give "
            "as many, or one for all"
        )


def _file(camera: Camera) -> None:
    if camera.layout != "file":
        return
    default = Camera()
    for name in PLACED:
        if getattr(camera, name) != getattr(default, name):
            raise RecipeError(
                f"'camera.{name}' has no effect with layout 'file', whose poses are complete; "
                f"set it to its default, {getattr(default, name)}"
            )
    for pose in camera_file.read(camera.file):
        if pose.projection not in {"", camera.projection}:
            raise RecipeError(
                f"'camera.file' has {pose.projection} cameras, but 'camera.projection' is "
                f"{camera.projection}; make it {pose.projection}"
            )
