"""Coloured cubes as glTF and GLB, the JSON and its buffer put together by hand."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import numpy as np

from tests.truth import cube
from tests.truth.cube import Array

MATT = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
TEXTURED: dict[str, Any] = {"pbrMetallicRoughness": {**MATT, "baseColorTexture": {"index": 0}}}
LINES, TRIANGLES = 1, 4


class Gltf:
    """A document that grows: a scene of nodes, each with one mesh of its own."""

    def __init__(self) -> None:
        self.data = b""
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": []}],
            "nodes": [], "meshes": [], "materials": [], "accessors": [], "bufferViews": [],
        }  # fmt: skip

    def material(self, **about: Any) -> int:
        """A matt material of these keys; its number."""
        surface = {**MATT, **about.pop("pbrMetallicRoughness", {})}
        return self._append("materials", {"pbrMetallicRoughness": surface, **about})

    def picture(self, uri: str = "") -> None:
        """The picture of all sides as texture 0: at `uri`, or in the buffer."""
        self.document["textures"] = [{"source": 0}]
        image = (
            {"uri": uri}
            if uri
            else {"bufferView": self._view(cube.picture()), "mimeType": "image/png"}
        )
        self.document["images"] = [image]

    def primitive(
        self, points: Array, *, material: int = 0, mode: int = TRIANGLES, inside_out: bool = False
    ) -> dict[str, Any]:
        """A cube of `points` (24,3), or of another mode the points in order."""
        turned = np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=-1)
        attributes = {"POSITION": self._accessor(turned, "VEC3")}
        if mode != TRIANGLES:
            return {"attributes": attributes, "mode": mode}
        corners = cube.TRIANGLES[:, ::-1] if inside_out else cube.TRIANGLES
        attributes["TEXCOORD_0"] = self._accessor(cube.UVS * [1, -1] + [0, 1], "VEC2")
        return {
            "attributes": attributes, "material": material,
            "indices": self._accessor(corners.ravel(), "SCALAR"),
        }  # fmt: skip

    def add(self, *primitives: dict[str, Any], **node: Any) -> None:
        """A node of the scene that shows a mesh of these primitives."""
        mesh = self._append("meshes", {"primitives": list(primitives)})
        self.document["scenes"][0]["nodes"].append(self._append("nodes", {"mesh": mesh, **node}))

    def glb(self) -> bytes:
        """All in one file."""
        self.document["buffers"] = [{"byteLength": len(self.data)}]
        text = json.dumps(self.document).encode()
        text += b" " * (-len(text) % 4)
        data = self.data + b"\0" * (-len(self.data) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text
        chunks += struct.pack("<I4s", len(data), b"BIN\0") + data
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks

    def gltf(self, uri: str = "") -> str:
        """The JSON, its buffer at `uri` or within."""
        uri = uri or "data:application/octet-stream;base64," + base64.b64encode(self.data).decode()
        self.document["buffers"] = [{"byteLength": len(self.data), "uri": uri}]
        return json.dumps(self.document)

    def _append(self, kind: str, item: dict[str, Any]) -> int:
        self.document[kind].append(item)
        return len(self.document[kind]) - 1

    def _view(self, data: bytes) -> int:
        self.data += b"\0" * (-len(self.data) % 4)
        start = len(self.data)
        self.data += data
        return self._append(
            "bufferViews", {"buffer": 0, "byteOffset": start, "byteLength": len(data)}
        )

    def _accessor(self, rows: Any, kind: str) -> int:
        whole = kind == "SCALAR"
        values = np.asarray(rows, np.uint16 if whole else np.float32)
        about = {
            "bufferView": self._view(values.tobytes()), "componentType": 5123 if whole else 5126,
            "count": len(values), "type": kind,
        }  # fmt: skip
        if not whole:
            about |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        return self._append("accessors", about)


def coloured(uri: str = "") -> Gltf:
    """A document with the picture of all sides and its material, 0; nothing in the scene yet."""
    made = Gltf()
    made.picture(uri)
    made.material(**TEXTURED)
    return made


def one_cube(uri: str = "") -> Gltf:
    """The coloured cube alone."""
    made = coloured(uri)
    made.add(made.primitive(cube.POINTS))
    return made
