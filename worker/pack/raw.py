"""Reads the raw files that a child left in scratch.

They are untrusted: the child may have opened a hostile model. All of them are flat, uncompressed
numbers of a size that is known, so that nothing but numpy decodes them, and all that leaves this
module is arrays. Nothing else of the worker opens a raw file to decode it.
"""

from __future__ import annotations

import functools
import math
import os
import stat
from collections.abc import Callable, Mapping
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from worker.codecs import targa
from worker.codecs.exr import ExrFile
from worker.codecs.exr_header import NotExr
from worker.codecs.targa import NotTarga
from worker.contract import render_passes
from worker.contract.protocol import COLOUR, View
from worker.contract.render_passes import Pass
from worker.core.errors import RenderFailed

Number = TypeVar("Number", bound=np.generic)


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


class Passes(Protocol):
    """What a view's picture is made of."""

    def layer(self, wanted: Pass) -> NDArray[np.float32]:
        """One render pass, (height, width, components). Raises: RenderFailed."""

    def display(self) -> NDArray[np.uint8]:
        """The display picture, (height, width, 4). Raises: RenderFailed."""


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
            found = self._found(wanted)
            if wanted in TO_WORLD:
                found = TO_WORLD[wanted](found, self.view)
            pixels = self._framed(found, wanted.background)
            pixels.flags.writeable = False
            self._layers[wanted] = pixels
        return self._layers[wanted]

    def display(self) -> NDArray[np.uint8]:
        """The display picture: (height, width, 4), RGBA with straight alpha.

        Raises: RenderFailed.
        """
        return self._framed(self._decoded("display", targa.read), 0)

    def _found(self, wanted: Pass) -> NDArray[np.float32]:
        """A pass of the render region, as Cycles would tell it."""
        if COLOUR not in self.view.files:
            return self._read(wanted)
        if wanted == render_passes.COMBINED:
            shape, whose = (self.view.height, self.view.width, 4), f"view {self.view.name}"
            return flat(self.view.files, COLOUR, self._scratch, whose, shape)
        # One sample, at the pixel's centre: it sees a surface, or nothing.
        seen = self._read(render_passes.COMBINED)[..., 3:] > 0
        return np.where(seen, self._read(wanted), np.float32(wanted.background))

    def _read(self, wanted: Pass) -> NDArray[np.float32]:
        def read(file: BufferedReader, width: int, height: int) -> NDArray[np.float32]:
            passes = ExrFile(file, width, height, flat=True)
            return passes.layer(wanted.layer, wanted.components, wanted.renamed)

        return self._decoded("passes", read)

    def _decoded(
        self, kind: str, read: Callable[[BufferedReader, int, int], NDArray[Number]]
    ) -> NDArray[Number]:
        """A raw file's pixels, those of the render region. Raises: RenderFailed."""
        size = self._window[2:]
        with opened(self.view.files, kind, self._scratch, f"view {self.view.name}") as file:
            try:
                return read(file, *size)
            except (NotExr, NotTarga, OSError) as error:
                name = self.view.files[kind]
                raise RenderFailed(f"the rendered file {name} {_why(error)}") from error

    def _framed(self, pixels: NDArray[Number], background: float) -> NDArray[Number]:
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
    def _window(self) -> tuple[int, int, int, int]:
        width, height = self.view.width, self.view.height
        match self.view.window or [0, 0, width, height]:
            case [left, top, wide, tall] if (
                0 <= left < left + wide <= width and 0 <= top < top + tall <= height
            ):
                return left, top, wide, tall
        raise RenderFailed(f"view {self.view.name} has a render region outside its frame")


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


def flat(
    files: Mapping[str, str],
    kind: str,
    scratch: Path,
    whose: str,
    shape: tuple[int, ...],
    dtype: str = "<f4",
) -> NDArray[Any]:
    """The raw file `kind` in `files`, which holds an array of `shape` and nothing else.

    It is in C order, little-endian. Raises: RenderFailed, also for a file of another size.
    """
    wanted = math.prod(shape) * np.dtype(dtype).itemsize
    with opened(files, kind, scratch, whose) as file:
        size = os.fstat(file.fileno()).st_size
        if size != wanted:
            raise RenderFailed(f"{whose}: {files[kind]} has {size} bytes, not {wanted}")
        array: NDArray[Any] = np.empty(shape, dtype)
        try:
            read = file.readinto(array.data)
        except OSError as error:
            raise RenderFailed(f"{whose}: cannot read {files[kind]}: {error.strerror}") from error
    if read != wanted:
        raise RenderFailed(f"{whose}: {files[kind]} is truncated")
    return array


def opened(files: Mapping[str, str], kind: str, scratch: Path, whose: str) -> BufferedReader:
    """The raw file that `plain_file` finds, open to read. Raises: RenderFailed."""
    path = plain_file(files, kind, scratch, whose)
    try:
        # What was looked at may have been replaced since: no link is followed, no pipe waited for.
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise RenderFailed(f"{whose}: cannot read {path.name}: {error.strerror}") from error
    file = os.fdopen(number, "rb")
    if not stat.S_ISREG(os.fstat(number).st_mode):
        file.close()
        raise RenderFailed(f"{whose}: {path.name} is not a regular file")
    return file


def _why(error: Exception) -> str:
    return f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
