"""The container of GLB (binary glTF 2.0): a JSON document and one binary buffer."""

from __future__ import annotations

import json
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker import __version__

MAGIC: Final = b"glTF"
VERSION: Final = 2
JSON_CHUNK: Final = b"JSON"
BINARY_CHUNK: Final = b"BIN\0"
FLOAT, UINT32 = 5126, 5125
VERTICES, INDICES = 34962, 34963
Y_UP: Final = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float32)
"""Times it, a row (x, y, z) with Z up is (x, z, -y), with Y up as glTF requires."""


class GlbBuffer:
    """The binary buffer, with the buffer views and accessors that describe it."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add_bytes(self, data: bytes, **more: Any) -> int:
        """Append `data`, aligned to 4 bytes; returns the number of its buffer view."""
        self.body += b"\0" * (-len(self.body) % 4)
        view = {"buffer": 0, "byteOffset": len(self.body), "byteLength": len(data), **more}
        self.body += data
        self.views.append(view)
        return len(self.views) - 1

    def add_vertices(self, array: NDArray[Any], *, bounds: bool = False) -> int:
        """Append an attribute (V,2) or (V,3) as float32; returns the number of its accessor.

        bounds: state its minimum and maximum, which glTF requires of positions.
        """
        data = np.ascontiguousarray(array, "<f4")
        about: dict[str, Any] = {
            "bufferView": self.add_bytes(data.tobytes(), target=VERTICES),
            "componentType": FLOAT,
            "count": len(data),
            "type": f"VEC{data.shape[1]}",
        }
        if bounds:
            about |= {"min": data.min(axis=0).tolist(), "max": data.max(axis=0).tolist()}
        self.accessors.append(about)
        return len(self.accessors) - 1

    def add_indices(self, triangles: NDArray[Any]) -> int:
        """Append triangles (T,3) as uint32; returns the number of their accessor."""
        data = np.ascontiguousarray(triangles, "<u4")
        about = {
            "bufferView": self.add_bytes(data.tobytes(), target=INDICES),
            "componentType": UINT32,
            "count": data.size,
            "type": "SCALAR",
        }
        self.accessors.append(about)
        return len(self.accessors) - 1


def container(document: dict[str, Any], buffer: GlbBuffer) -> bytes:
    """The file of a document without asset, accessors and buffers, which come from `buffer`."""
    whole = {
        "asset": {"version": "2.0", "generator": f"render-worker {__version__}"},
        **document,
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.body)}],
    }
    head = json.dumps(whole, separators=(",", ":")).encode()
    chunks = _chunk(JSON_CHUNK, head, b" ") + _chunk(BINARY_CHUNK, bytes(buffer.body), b"\0")
    return MAGIC + struct.pack("<II", VERSION, 12 + len(chunks)) + chunks


def unit(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace normals of length 0, which glTF forbids, with +Z."""
    zero = ~normals.any(axis=1, keepdims=True)
    return np.where(zero, np.array([0, 0, 1], np.float32), normals)


def _chunk(kind: bytes, data: bytes, fill: bytes) -> bytes:
    data += fill * (-len(data) % 4)
    return struct.pack("<I", len(data)) + kind + data
