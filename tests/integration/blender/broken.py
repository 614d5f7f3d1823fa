"""Pictures that are cut off or damaged, and models that wear them."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

CORNERS = ((-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1))
CORNERS_UV = ((0, 1), (1, 1), (1, 0), (0, 0))
"""glTF's v goes down."""
TRIANGLES = (0, 1, 2, 0, 2, 3)


def picture(kind: str) -> bytes:
    """A file of noise, 16 pixels wide: it leaves nothing of itself out. `kind`: "PNG", "JPEG"…"""
    pixels = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def damaged(content: bytes) -> bytes:
    """That PNG with another width in its head, which its checksum denies."""
    return content[:18] + b"\x77" + content[19:]


def embed(content: bytes, path: Path, changed: Mapping[str, Any] = MappingProxyType({})) -> Path:
    """Write a GLB: a square that wears the picture `content`, a PNG, of its own bytes.

    `changed` takes the place of what glTF's top level has.
    """
    parts = [
        np.asarray(CORNERS, np.float32).tobytes(),
        np.asarray(CORNERS_UV, np.float32).tobytes(),
        np.asarray(TRIANGLES, np.uint16).tobytes(),
        content,
    ]
    views, buffer = [], b""
    for part in parts:
        views.append({"buffer": 0, "byteOffset": len(buffer), "byteLength": len(part)})
        buffer += part + bytes(-len(part) % 4)
    accessors = [
        {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3",
         "min": [-1, 0, -1], "max": [1, 0, 1]},
        {"bufferView": 1, "componentType": 5126, "count": 4, "type": "VEC2"},
        {"bufferView": 2, "componentType": 5123, "count": 6, "type": "SCALAR"},
    ]  # fmt: skip
    square = {"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}
    scene = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [square]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "textures": [{"source": 0}],
        "images": [{"bufferView": 3, "mimeType": "image/png", "name": "paint"}],
        "bufferViews": views,
        "accessors": accessors,
        "buffers": [{"byteLength": len(buffer)}],
        **changed,
    }
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(buffer), b"BIN\0") + buffer
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
    return path
