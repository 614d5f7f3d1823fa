"""The header of a scanline EXR, parsed within bounds and without a decoder.

Only what the worker and Blender write is accepted: one part of whole scanlines, uncompressed or
deflated by 16 lines ("ZIP"), in rising order, whose channels are all half or all single floats.
"""

from __future__ import annotations

import functools
import struct
from typing import Final, NamedTuple

import numpy as np

MOST: Final = 1 << 16
"""Bytes of a header."""
CHANNELS: Final = 256
NAME: Final = 255
"""Bytes of a name."""
MAGIC: Final = b"\x76\x2f\x31\x01"
VERSIONS: Final = (2, 2 | 0x400)
"""Version 2 of one part of scanlines; the flag allows names of more than 31 bytes."""
LINES: Final = {0: 1, 3: 16}
"""Scanlines in a chunk, by the number of the compression: none, ZIP."""
FLOATS: Final[dict[int, np.dtype[np.float16 | np.float32]]] = {
    1: np.dtype("<f2"),
    2: np.dtype("<f4"),
}
"""By the number of a channel's type."""
_WINDOW: Final = struct.Struct("<4i")
_CHANNEL: Final = struct.Struct("<iB3xii")


class NotExr(ValueError):
    """Not an EXR as the worker and Blender write them; the message follows the file's name."""


class Header(NamedTuple):
    """What a header says. `size`: its bytes; `first`: the number of the first scanline."""

    size: int
    first: int
    width: int
    height: int
    compression: int
    floats: np.dtype[np.float16 | np.float32]
    channels: tuple[str, ...]
    """In the order of their samples in a scanline."""


def parse(start: bytes) -> Header:
    """The header at the start of a file, of which MOST bytes are enough. Raises: NotExr."""
    if start[:4] != MAGIC:
        raise NotExr("is not an EXR file: it does not begin as one")
    text = _Bytes(start[:MOST], 4)
    version = text.number()
    if version not in VERSIONS:
        raise NotExr(f"is not an EXR file of one part of scanlines: its version is {version:#x}")
    attributes: dict[bytes, tuple[bytes, bytes]] = {}
    while name := text.name():
        kind = text.name()
        if name in attributes:
            raise _wrong(f"{_shown(name)} twice")
        attributes[name] = kind, text.take(text.number())
    x0, y0, x1, y1 = _WINDOW.unpack(_value(attributes, b"dataWindow", b"box2i", _WINDOW.size))
    if _value(attributes, b"lineOrder", b"lineOrder", 1) != b"\0":
        raise _wrong("lines that do not rise")
    if attributes.get(b"type", (b"", b"scanlineimage"))[1] != b"scanlineimage":
        raise _wrong("a type other than scanlines")
    compression = _value(attributes, b"compression", b"compression", 1)[0]
    if compression not in LINES:
        raise _wrong(f"compression {compression}")
    floats, channels = _channels(_value(attributes, b"channels", b"chlist"))
    return Header(text.at, y0, x1 - x0 + 1, y1 - y0 + 1, compression, floats, channels)


def _value(
    attributes: dict[bytes, tuple[bytes, bytes]], name: bytes, kind: bytes, size: int | None = None
) -> bytes:
    found = attributes.get(name)
    if found is None or found[0] != kind or size not in {None, len(found[1])}:
        raise _wrong(f"no valid {_shown(name)}")
    return found[1]


@functools.lru_cache(maxsize=16)  # all views of a run have the same
def _channels(listed: bytes) -> tuple[np.dtype[np.float16 | np.float32], tuple[str, ...]]:
    text = _Bytes(listed, 0)
    names: list[bytes] = []
    kinds = set()
    while name := text.name():
        # Scanlines hold them in this order, which also leaves no name twice.
        if names and name <= names[-1]:
            raise _wrong(f"channel {_shown(name)} out of order")
        kind, _, x, y = _CHANNEL.unpack(text.take(_CHANNEL.size))
        if kind not in FLOATS or (x, y) != (1, 1):
            raise _wrong(f"channel {_shown(name)} of other pixels than floats")
        names.append(name)
        kinds.add(kind)
    if text.left or len(kinds) != 1 or len(names) > CHANNELS:
        raise _wrong("no valid channels")
    return FLOATS[kinds.pop()], tuple(map(_shown, names))


class _Bytes:
    """Bytes taken one after another from `at` on; NotExr where they end too early."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    @property
    def left(self) -> int:
        return len(self._data) - self.at

    def take(self, size: int) -> bytes:
        found = self._data[self.at : self.at + max(0, size)]
        if len(found) != size:
            raise NotExr(f"is truncated or damaged: its header ends at byte {len(self._data)}")
        self.at += size
        return found

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little", signed=True)

    def name(self) -> bytes:
        end = self._data.find(b"\0", self.at, self.at + NAME + 1)
        if end < 0:
            raise NotExr(f"is truncated or damaged: no name at byte {self.at} of its header")
        found = self._data[self.at : end]
        self.at = end + 1
        return found


def _wrong(what: str) -> NotExr:
    return NotExr(f"is not an EXR file as Blender writes it: its header has {what}")


def _shown(name: bytes) -> str:
    return repr(name)[2:-1]  # of one line, whatever it is; different names stay different
