"""Writes GLB (binary glTF 2.0): one mesh with base colour and metallic-roughness textures."""

from __future__ import annotations

import json
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker import __version__
from worker.codecs import png, srgb
from worker.omage import ALBEDO, METALLIC, ROUGHNESS, Omage
from worker.omage.mesh import Mesh

MAGIC: Final = b"glTF"
VERSION: Final = 2
JSON_CHUNK: Final = b"JSON"
BINARY_CHUNK: Final = b"BIN\0"
FLOAT, UINT32 = 5126, 5125
VERTICES, INDICES = 34962, 34963
LINEAR, CLAMP = 9729, 33071


def encode(mesh: Mesh, omage: Omage) -> bytes:
    """The bytes of a GLB file, Y up as glTF requires; they depend only on the object image."""
    size = len(omage)
    turned = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float32)
    # Texture coordinates start at the upper left corner of a texture, whose first row is row 0 of
    # the object image. Pixel centres are half a pixel inside.
    uv = (mesh.uv * (size - 1) + 0.5) / size
    arrays: list[tuple[str, NDArray[Any], int]] = [
        ("POSITION", mesh.points @ turned, VERTICES),
        ("NORMAL", _unit(mesh.normals) @ turned, VERTICES),
        ("TEXCOORD_0", uv, VERTICES),
        ("", mesh.triangles, INDICES),
    ]
    pictures = [_base_colour(omage), _metallic_roughness(omage)]
    body = bytearray()
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []
    for name, array, target in arrays:
        kind = np.uint32 if target == INDICES else np.float32
        data = np.ascontiguousarray(array, kind)
        views.append(_view(body, data.tobytes()) | {"target": target})
        accessors.append(_accessor(len(views) - 1, name, data))
    images = [len(views) + number for number in range(len(pictures))]
    views += [_view(body, picture) for picture in pictures]
    document = {
        "asset": {"version": "2.0", "generator": f"render-worker {__version__}"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "omage"}],
        "meshes": [{"primitives": [{
            "attributes": {name: number for number, (name, _, _) in enumerate(arrays) if name},
            "indices": len(arrays) - 1,
            "material": 0,
        }]}],
        "materials": [{
            "name": "omage",
            "doubleSided": True,
            "pbrMetallicRoughness": {
                "baseColorTexture": {"index": 0},
                "metallicRoughnessTexture": {"index": 1},
            },
        }],
        "textures": [{"source": 0, "sampler": 0}, {"source": 1, "sampler": 0}],
        "samplers": [{"magFilter": LINEAR, "minFilter": LINEAR, "wrapS": CLAMP, "wrapT": CLAMP}],
        "images": [{"bufferView": view, "mimeType": "image/png"} for view in images],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(body)}],
    }  # fmt: skip
    head = json.dumps(document, separators=(",", ":")).encode()
    chunks = _chunk(JSON_CHUNK, head, b" ") + _chunk(BINARY_CHUNK, bytes(body), b"\0")
    return MAGIC + struct.pack("<II", VERSION, 12 + len(chunks)) + chunks


def _unit(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace normals of length 0, which glTF forbids, with +Z."""
    zero = ~normals.any(axis=1, keepdims=True)
    return np.where(zero, np.array([0, 0, 1], np.float32), normals)


def _base_colour(omage: Omage) -> bytes:
    return png.encode(srgb.encode(omage[..., ALBEDO]))


def _metallic_roughness(omage: Omage) -> bytes:
    """A PNG with roughness in green and metallic in blue."""
    zero = np.zeros(omage.shape[:2], np.float32)
    planes = np.stack([zero, omage[..., ROUGHNESS], omage[..., METALLIC]], axis=-1)
    return png.encode((planes * 255.0 + 0.5).astype(np.uint8))


def _view(body: bytearray, data: bytes) -> dict[str, Any]:
    """Append `data` to the buffer, aligned to 4 bytes; returns its buffer view."""
    body += b"\0" * (-len(body) % 4)
    start = len(body)
    body += data
    return {"buffer": 0, "byteOffset": start, "byteLength": len(data)}


def _accessor(view: int, name: str, data: NDArray[Any]) -> dict[str, Any]:
    scalar = not name
    about: dict[str, Any] = {
        "bufferView": view,
        "componentType": UINT32 if scalar else FLOAT,
        "count": data.size if scalar else len(data),
        "type": "SCALAR" if scalar else f"VEC{data.shape[1]}",
    }
    if name == "POSITION":
        about |= {"min": data.min(axis=0).tolist(), "max": data.max(axis=0).tolist()}
    return about


def _chunk(kind: bytes, data: bytes, fill: bytes) -> bytes:
    data += fill * (-len(data) % 4)
    return struct.pack("<I", len(data)) + kind + data
