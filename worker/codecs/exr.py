"""EXR files read: those in zips, and the multilayer ones that Blender writes, every pass in it.

Blender's channels are named ``<view layer>.<pass>.<component>``; the view layer is "ViewLayer" or,
in older Blenders, "View Layer". All are 32-bit float, scene-linear, premultiplied, top row first.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import Imath  # type: ignore[import-untyped]  # comes with OpenEXR
import numpy as np
import OpenEXR
from numpy.typing import NDArray

FLOAT: Final = Imath.PixelType(Imath.PixelType.FLOAT)
VIEW_LAYERS: Final = ("ViewLayer", "View Layer")


class NotExr(ValueError):
    """Not the EXR that was written; the message goes on from the file's name: "is cut off …"."""


class ExrFile:
    """An EXR on disk or in memory, of `width` x `height` pixels.

    Raises: NotExr, when it is none, or of another size; OSError, when it cannot be read.
    """

    def __init__(self, source: Path | bytes, width: int, height: int) -> None:
        self._source = source
        self._shape = (height, width)
        size, self._channels = self._header()
        if size != (width, height):
            raise NotExr(f"is {size[0]}x{size[1]}, not {width}x{height}")

    def layer(self, name: str, components: str) -> NDArray[np.float32]:
        """Blender's pass `name` as (height, width, len(components)), e.g. ("Combined", "RGBA").

        Raises: NotExr.
        """
        for view_layer in VIEW_LAYERS:
            channels = [f"{view_layer}.{name}.{component}" for component in components]
            if self._channels.issuperset(channels):
                return self._read(channels)
        raise self._without(f"pass {name}.{components}")

    def channels(self, names: Sequence[str]) -> NDArray[np.float32]:
        """The channels `names` as (height, width, len(names)), halves as floats. Raises: NotExr."""
        if not self._channels.issuperset(names):
            raise self._without(f"channels {', '.join(names)}")
        return self._read(names)

    def _opened(self) -> Any:
        return str(self._source) if isinstance(self._source, Path) else io.BytesIO(self._source)

    def _header(self) -> tuple[tuple[int, int], set[str]]:
        """(width, height), and the names of the channels."""
        try:
            header = OpenEXR.File(self._opened(), header_only=True).header()
            low, high = header["dataWindow"]
            names = {channel.name for channel in header["channels"]}
            return (int(high[0]) - int(low[0]) + 1, int(high[1]) - int(low[1]) + 1), names
        except (RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
            raise NotExr(f"is not an EXR file: {error}") from error

    def _read(self, channels: Sequence[str]) -> NDArray[np.float32]:
        # OpenEXR.File prints a warning and goes on where pixels are missing; InputFile raises
        # (but may crash in its own header(), hence the header from File).
        file = None
        try:
            file = OpenEXR.InputFile(self._opened())
            planes = file.channels(list(channels), FLOAT)
        except (RuntimeError, ValueError, TypeError, OSError) as error:
            raise NotExr(f"is truncated or damaged: {error}") from error
        finally:
            if file is not None:
                file.close()
        area = self._shape[0] * self._shape[1]
        pixels = np.empty((*self._shape, len(channels)), np.float32)
        for number, plane in enumerate(planes):
            if len(plane) != area * pixels.itemsize:
                raise NotExr(f"has a channel {channels[number]} of another size")
            pixels[..., number] = np.frombuffer(plane, np.float32).reshape(self._shape)
        return pixels

    def _without(self, what: str) -> NotExr:
        return NotExr(f"has no {what}, only {', '.join(sorted(self._channels))}")
