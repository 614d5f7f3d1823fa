"""The environment picture of a recipe: checked once, then loaded for each object."""

from __future__ import annotations

import dataclasses
import functools
import os
import random
from pathlib import Path
from typing import Any

import bpy

from worker.blender import compat
from worker.blender.faults import ObjectFault, brief
from worker.blender.materials.textures import is_whole
from worker.contract.recipe import Lights
from worker.contract.texture_folder import ENVIRONMENTS, listing


def drawn(lights: Lights, source: random.Random) -> tuple[Lights, str]:
    """`lights` with a picture of the folder of environments, and its path in it.

    Both are as given, and "", if the rig has no such folder. Raises: ObjectFault("render").
    """
    if lights.rig != "environment" or not lights.environments:
        return lights, ""
    try:
        found = listing(lights.environments, ENVIRONMENTS)
        name = found[source.randrange(len(found))]
    except (OSError, ValueError) as error:
        raise ObjectFault("render", f"the folder of environment images: {error}") from error
    path = os.path.join(lights.environments, name)  # noqa: PTH118 - any encoding
    return dataclasses.replace(lights, environment=path), name


def check(path: str) -> None:
    """Raises: ObjectFault("configuration") unless `path` is a picture that Blender can decode."""
    if trouble := _trouble(path):
        raise ObjectFault("configuration", trouble)


def load(path: str) -> Any:
    """Load the picture as a Blender image. Raises: ObjectFault("render") if `check` would fail."""
    if trouble := _trouble(path):
        raise ObjectFault("render", trouble)
    return bpy.data.images.load(path)


def _trouble(path: str) -> str:
    """Return what is wrong with the picture, or ""."""
    if not Path(path).is_file():
        return f"the environment image '{path}' does not exist on this machine"
    about = Path(path).stat()
    return _found(path, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=8)
def _found(path: str, _changed: int, _size: int) -> str:
    try:
        image = bpy.data.images.load(path)
    except RuntimeError as error:
        return f"the environment image: {brief(error)}"
    whole = image.source == "FILE" and is_whole(image)
    bpy.data.images.remove(image)
    if whole:
        return ""
    return (
        f"Blender {compat.version()} cannot read the environment image '{path}': "
        "'lights.environment' must name an HDR or EXR file"
    )
