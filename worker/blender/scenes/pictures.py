"""The textures of a run: the images of a folder, or generated patterns."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from worker.blender.faults import ObjectFault, brief
from worker.contract import texture_patterns
from worker.contract.texture_folder import listing


class Pictures:
    """The textures by number; each is loaded once and cached until the scene is cleaned."""

    def __init__(self, folder: str) -> None:
        """Use the images of `folder`, or generated patterns if it is "".

        Raises: ObjectFault("render") if the folder cannot be listed.
        """
        self._folder = folder
        self._loaded: dict[int, Any] = {}
        try:
            self._names = listing(folder) if folder else []
        except OSError as error:
            raise ObjectFault(
                "render", f"the textures' folder '{folder}': {error.strerror}"
            ) from error

    def __len__(self) -> int:
        return len(self._names) if self._folder else texture_patterns.count()

    def forget(self) -> None:
        """Clear the cache; call this after the scene was cleaned."""
        self._loaded.clear()

    def image(self, number: int) -> Any:
        """Return texture `number` as a Blender image.

        Raises: ObjectFault("render"), with the file's name, if Blender cannot read it.
        """
        if number not in self._loaded:
            self._loaded[number] = self._load(number) if self._folder else _made(number)
        return self._loaded[number]

    def _load(self, number: int) -> Any:
        name = self._names[number]
        try:
            image: Any = bpy.data.images.load(os.path.join(self._folder, name))  # noqa: PTH118 - str
        except RuntimeError as error:
            raise ObjectFault("render", f"the texture {name}: {brief(error)}") from error
        if not (image.size[0] and image.size[1]):
            raise ObjectFault(
                "render", f"the texture {Path(name)} is not an image that Blender can read"
            )
        return image


def _made(number: int) -> Any:
    pixels = texture_patterns.texture(number)
    image: Any = bpy.data.images.new(
        f"texture {number}", texture_patterns.SIZE, texture_patterns.SIZE
    )
    image.pixels.foreach_set(np.ascontiguousarray(pixels, np.float32).ravel())
    image.update()
    image.pack()
    return image
