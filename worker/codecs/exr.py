"""Reads the multilayer EXR files that Blender writes: one per view, with all its render passes.

Channels are named ``<view layer>.<pass>.<component>``. The view layer is "ViewLayer", or "View
Layer" in older Blenders. Pixels are 32-bit float, scene-linear and premultiplied; the top row is
first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import Imath  # type: ignore[import-untyped]  # comes with OpenEXR
import numpy as np
import OpenEXR
from numpy.typing import NDArray

from worker.core.errors import RenderFailed

FLOAT: Final = Imath.PixelType(Imath.PixelType.FLOAT)
VIEW_LAYERS: Final = ("ViewLayer", "View Layer")


@contextmanager
def in_memory(data: bytes) -> Iterator[Path]:
    """A path to `data`, for readers that need a file. It is in memory, so a kill leaves nothing."""
    file = os.memfd_create("exr", os.MFD_CLOEXEC)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
        stream.flush()
        yield Path(f"/proc/self/fd/{file}")


class Passes:
    """The render passes of one view.

    Raises: RenderFailed, if the file is not an EXR of `width` x `height` pixels.
    """

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._path = path
        self._shape = (height, width)
        size, self._channels = self._header()
        if size != (width, height):
            raise self._failed(f"is {size[0]}x{size[1]}, not {width}x{height}")

    def layer(self, name: str, components: str) -> NDArray[np.float32]:
        """The pass `name`: ("Combined", "RGBA") is (height, width, 4), float32.

        Raises: RenderFailed, if the pass is missing or the file is truncated or damaged.
        """
        for view_layer in VIEW_LAYERS:
            channels = [f"{view_layer}.{name}.{component}" for component in components]
            if self._channels.issuperset(channels):
                return self._read(channels)
        raise self._failed(
            f"has no pass {name}.{components}, only {', '.join(sorted(self._channels))}"
        )

    def _header(self) -> tuple[tuple[int, int], set[str]]:
        """(width, height), and the names of the channels."""
        try:
            header = OpenEXR.File(str(self._path), header_only=True).header()
            low, high = header["dataWindow"]
            names = {channel.name for channel in header["channels"]}
            return (int(high[0]) - int(low[0]) + 1, int(high[1]) - int(low[1]) + 1), names
        except (RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
            raise self._failed(f"is not an EXR file: {error}") from error

    def _read(self, channels: list[str]) -> NDArray[np.float32]:
        # For missing pixels OpenEXR.File only prints a warning, but InputFile raises. InputFile's
        # own header() may crash, so the header is read with File.
        file = None
        try:
            file = OpenEXR.InputFile(str(self._path))
            planes = file.channels(channels, FLOAT)
        except (RuntimeError, ValueError, TypeError, OSError) as error:
            raise self._failed(f"is truncated or damaged: {error}") from error
        finally:
            if file is not None:
                file.close()
        area = self._shape[0] * self._shape[1]
        pixels = np.empty((*self._shape, len(channels)), np.float32)
        for number, plane in enumerate(planes):
            if len(plane) != area * pixels.itemsize:
                raise self._failed(f"has a channel {channels[number]} of a wrong size")
            pixels[..., number] = np.frombuffer(plane, np.float32).reshape(self._shape)
        return pixels

    def _failed(self, what: str) -> RenderFailed:
        return RenderFailed(f"the rendered file {self._path.name} {what}")
