"""Reads the raw files that a child left in scratch.

They are untrusted: the child may have opened a hostile model.
"""

from __future__ import annotations

import functools
import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs.exr import ExrFile, NotExr
from worker.contract import render_passes
from worker.contract.protocol import View
from worker.contract.render_passes import Pass
from worker.core.errors import RenderFailed


def _depth(raw: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    nothing = render_passes.DEPTH.background
    return np.where(raw < nothing, raw * np.float32(view.raw_scale), np.float32(nothing))


def _position(raw: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    # In double precision: far from the model's origin, what is left is small.
    found: NDArray[np.float64] = raw.astype(np.float64) * view.raw_scale + view.raw_offset
    return found.astype(np.float32)


TO_WORLD: Final[dict[Pass, Callable[[NDArray[np.float32], View], NDArray[np.float32]]]] = {
    render_passes.DEPTH: _depth,
    render_passes.POSITION: _position,
}
"""What raw files tell in the model's own unit and place."""


class RawView:
    """One view's raw files, opened on first use."""

    def __init__(self, view: View, scratch: Path) -> None:
        self.view = view
        self._scratch = scratch
        self._layers: dict[Pass, NDArray[np.float32]] = {}

    def layer(self, wanted: Pass) -> NDArray[np.float32]:
        """One render pass of the whole frame, as a read-only (height, width, components) array.

        Each pass is read once and cached.

        Depths and positions are the world's, whatever the raw file's unit. Raises: RenderFailed.
        """
        if wanted not in self._layers:
            found = self._read(wanted)
            if wanted in TO_WORLD:
                found = TO_WORLD[wanted](found, self.view)
            pixels = self.framed(found, wanted.background)
            pixels.flags.writeable = False
            self._layers[wanted] = pixels
        return self._layers[wanted]

    def _read(self, wanted: Pass) -> NDArray[np.float32]:
        try:
            return self._passes.layer(wanted.layer, wanted.components)
        except NotExr as error:
            raise RenderFailed(f"the rendered file {self.view.files['passes']} {error}") from error

    @functools.cached_property
    def _passes(self) -> ExrFile:
        """The multilayer EXR, which covers the render region. Raises: RenderFailed, NotExr."""
        return ExrFile(self.file("passes"), *self.window_size)

    def framed(self, pixels: NDArray[Any], background: float) -> NDArray[Any]:
        """Extend the render region's pixels to the whole frame, filled with `background`.

        Both arrays are (height, width, components).
        """
        left, top, wide, tall = self._window
        if (wide, tall) == (self.view.width, self.view.height):
            return pixels
        shape = (self.view.height, self.view.width, pixels.shape[2])
        frame = np.full(shape, background, pixels.dtype)
        frame[top : top + tall, left : left + wide] = pixels
        return frame

    @functools.cached_property
    def window_size(self) -> tuple[int, int]:
        """Width and height of the render region. Raises: RenderFailed."""
        return self._window[2:]

    @functools.cached_property
    def _window(self) -> tuple[int, int, int, int]:
        width, height = self.view.width, self.view.height
        match self.view.window or [0, 0, width, height]:
            case [left, top, wide, tall] if (
                0 <= left < left + wide <= width and 0 <= top < top + tall <= height
            ):
                return left, top, wide, tall
        raise RenderFailed(f"view {self.view.name} has a render region outside its frame")

    def file(self, kind: str) -> Path:
        """The path of a raw file, such as "passes", checked as by `plain_file`.

        Raises: RenderFailed.
        """
        return plain_file(self.view.files, kind, self._scratch, f"view {self.view.name}")


def plain_file(files: Mapping[str, str], kind: str, scratch: Path, whose: str) -> Path:
    """The path of the raw file `kind` in `files`: a regular file directly in `scratch`.

    `whose` names the owner of the file in error messages.

    Raises: RenderFailed, if it is missing, outside scratch, a link or not a regular file.
    """
    name = files.get(kind)
    if name is None:
        raise RenderFailed(f"{whose} has no '{kind}' file")
    if name != PurePosixPath(name).name or "\0" in name:
        raise RenderFailed(f"{whose} names a '{kind}' file outside its scratch folder")
    path = scratch / name
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise RenderFailed(f"{whose}: cannot read {name}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise RenderFailed(f"{whose}: {name} is not a regular file")
    return path
