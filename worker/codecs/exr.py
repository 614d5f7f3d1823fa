"""EXR files read: those in zips, and the multilayer ones that Blender writes, every pass in it.

A reader of its own, in numpy: the files come from a child that may have opened a hostile model, or
from a store that others write to, and OpenEXR's C++ must not decode them in a process that has
credentials. It accepts only what `exr_header` lists, and only files without a gap or a byte more.

Blender's channels are named ``<view layer>.<pass>.<component>``; the view layer is "ViewLayer" or,
in older Blenders, "View Layer". All are 32-bit float, scene-linear, premultiplied, top row first.
"""

from __future__ import annotations

import io
import itertools
import os
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import exr_header
from worker.codecs.exr_header import LINES, NotExr

VIEW_LAYERS: Final = ("ViewLayer", "View Layer")
AT_ONCE: Final = 1 << 20
"""Bytes read at a time, or one chunk where that is larger."""
_HEAD: Final = 8
"""Bytes before each chunk's samples: the number of its first scanline, and its size."""


class ExrFile:
    """An EXR in memory or an open file, of `width` x `height` pixels.

    With `flat`, it must be uncompressed. Memory: the pixels that are asked for, and AT_ONCE.

    Raises: NotExr, when it is none, or of another size; OSError, when it cannot be read.
    """

    def __init__(
        self, source: io.BufferedIOBase | bytes, width: int, height: int, *, flat: bool = False
    ) -> None:
        self._file = io.BytesIO(source) if isinstance(source, bytes) else source
        self._shape = (height, width)
        self._file.seek(0)
        self._header = header = exr_header.parse(self._file.read(exr_header.MOST))
        if (header.width, header.height) != (width, height):
            raise NotExr(f"is {header.width}x{header.height}, not {width}x{height}")
        if flat and header.compression:
            raise NotExr("is compressed")
        self._line = width * len(header.channels) * header.floats.itemsize
        self._offsets = self._chunks()

    def layer(self, name: str, components: str, renamed: str = "") -> NDArray[np.float32]:
        """Blender's pass `name` as (height, width, len(components)), e.g. ("Combined", "RGBA").

        renamed: what other Blenders call it. Raises: NotExr.
        """
        for view_layer, called in itertools.product(VIEW_LAYERS, filter(None, (name, renamed))):
            channels = [f"{view_layer}.{called}.{component}" for component in components]
            if set(self._header.channels).issuperset(channels):
                return self._read(channels)
        raise self._without(f"pass {name}.{components}")

    def channels(self, names: Sequence[str]) -> NDArray[np.float32]:
        """The channels `names` as (height, width, len(names)), halves as floats. Raises: NotExr."""
        if not set(self._header.channels).issuperset(names):
            raise self._without(f"channels {', '.join(names)}")
        return self._read(names)

    def _chunks(self) -> list[int]:
        """Where each chunk begins, and the file ends; uncompressed, the first and the end.

        Raises: NotExr, if there are gaps.
        """
        height = self._shape[0]
        lines = LINES[self._header.compression]
        count = -(-height // lines)
        begin = self._header.size + 8 * count
        self._file.seek(self._header.size)
        table = np.frombuffer(self._taken(8 * count), "<u8")
        end = self._file.seek(0, os.SEEK_END)
        if self._header.compression == 0:
            each = _HEAD + self._line
            if end != begin + count * each or (table != begin + np.arange(count) * each).any():
                raise self._gaps(count, end)
            return [begin, end]
        offsets = [*table.tolist(), end]
        sizes = np.diff(np.array(offsets, np.float64))  # which no offset makes overflow
        rows = np.full(count, lines)
        rows[-1] = height - lines * (count - 1)
        most = _HEAD + rows * self._line
        if offsets[0] != begin or (sizes < _HEAD).any() or (sizes > most).any():
            raise self._gaps(count, end)
        return offsets

    @staticmethod
    def _gaps(count: int, end: int) -> NotExr:
        return NotExr(f"is truncated or damaged: its {count} chunks do not fill its {end} bytes")

    def _read(self, channels: Sequence[str]) -> NDArray[np.float32]:
        pixels = np.empty((*self._shape, len(channels)), np.float32)
        places = [self._header.channels.index(name) for name in channels]
        row = 0
        for samples in self._bands():
            planes = samples.view(self._header.floats).reshape(len(samples), -1, self._shape[1])
            for number, place in enumerate(places):
                pixels[row : row + len(planes), :, number] = planes[:, place]
            row += len(planes)
        return pixels

    def _bands(self) -> Iterator[NDArray[np.uint8]]:
        """The samples of some scanlines after another: (lines, bytes of a line). Raises: NotExr."""
        if self._header.compression:
            yield from map(self._inflated, range(len(self._offsets) - 1))
            return
        height = self._shape[0]
        chunk = _HEAD + self._line
        lines = min(height, max(1, AT_ONCE // chunk))
        room = np.empty((lines, chunk), np.uint8)
        self._file.seek(self._offsets[0])
        for first in range(0, height, lines):
            band = room[: height - first]
            self._fill(band)
            count = len(band)
            heads = np.ascontiguousarray(band[:, :_HEAD]).view("<i4")
            self._check(heads, first + np.arange(count), self._line)
            yield band[:, _HEAD:]

    def _inflated(self, number: int) -> NDArray[np.uint8]:
        """The samples of a deflated chunk: (lines, bytes of a line). Raises: NotExr."""
        begin, end = self._offsets[number : number + 2]
        self._file.seek(begin)
        data = self._taken(end - begin)
        top = number * LINES[self._header.compression]
        self._check(np.frombuffer(data[:_HEAD], "<i4")[None], np.array([top]), len(data) - _HEAD)
        lines = min(LINES[self._header.compression], self._shape[0] - top)
        size = lines * self._line
        samples = np.frombuffer(data, np.uint8, offset=_HEAD)
        if len(samples) != size:  # a chunk that does not shrink is stored as it is
            samples = _restored(data[_HEAD:], size)
        return samples.reshape(lines, self._line)

    def _check(self, heads: NDArray[np.int32], lines: NDArray[np.int_], size: int) -> None:
        wanted = np.stack([self._header.first + lines, np.full(len(lines), size)], axis=1)
        if not np.array_equal(heads, wanted):
            raise NotExr(f"is truncated or damaged: a chunk that is not that of line {lines[0]}")

    def _taken(self, size: int) -> bytes:
        data = np.empty(size, np.uint8)
        self._fill(data)
        return data.tobytes()

    def _fill(self, room: NDArray[np.uint8]) -> None:
        if self._file.readinto(room.data) != room.nbytes:
            raise NotExr("is truncated or damaged: it ends too early")

    def _without(self, what: str) -> NotExr:
        return NotExr(f"has no {what}, only {', '.join(sorted(self._header.channels))}")


def _restored(data: bytes, size: int) -> NDArray[np.uint8]:
    """`size` bytes that EXR's ZIP has put in another order and deflated. Raises: NotExr."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data, size + 1)  # the end of the stream needs room, too
    except zlib.error as error:
        raise NotExr(f"is truncated or damaged: {error}") from error
    if len(plain) != size or not inflater.eof or inflater.unused_data:
        raise NotExr(f"is truncated or damaged: a chunk that is not of {size} bytes")
    # Each byte but the first is the difference to the one before it, plus 128; then come the even
    # bytes, then the odd ones.
    steps = np.frombuffer(plain, np.uint8).copy()
    steps[1:] += np.uint8(128)
    halves = np.cumsum(steps, dtype=np.uint8)
    samples = np.empty(size, np.uint8)
    middle = (size + 1) // 2
    samples[0::2] = halves[:middle]
    samples[1::2] = halves[middle:]
    return samples
