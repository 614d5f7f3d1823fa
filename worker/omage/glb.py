"""Writes GLB (binary glTF 2.0): one mesh with base colour and metallic-roughness textures."""

from __future__ import annotations

from typing import Final

import numpy as np

from worker.codecs import png, srgb
from worker.codecs.glb import Y_UP, GlbBuffer, container, unit
from worker.omage import ALBEDO, METALLIC, ROUGHNESS, Omage
from worker.omage.mesh import Mesh

LINEAR, CLAMP = 9729, 33071
NAME: Final = "omage"


def encode(mesh: Mesh, omage: Omage) -> bytes:
    """The bytes of a GLB file, Y up as glTF requires; they depend only on the object image."""
    size = len(omage)
    # Texture coordinates start at the upper left corner of a texture, whose first row is row 0 of
    # the object image. Pixel centres are half a pixel inside.
    uv = (mesh.uv * (size - 1) + 0.5) / size
    buffer = GlbBuffer()
    attributes = {
        "POSITION": buffer.add_vertices(mesh.points @ Y_UP, bounds=True),
        "NORMAL": buffer.add_vertices(unit(mesh.normals) @ Y_UP),
        "TEXCOORD_0": buffer.add_vertices(uv),
    }
    indices = buffer.add_indices(mesh.triangles)
    images = [buffer.add_bytes(each) for each in (_base_colour(omage), _metallic_roughness(omage))]
    document = {
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": NAME}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": indices, "material": 0}]}],
        "materials": [{
            "name": NAME,
            "doubleSided": True,
            "pbrMetallicRoughness": {
                "baseColorTexture": {"index": 0},
                "metallicRoughnessTexture": {"index": 1},
            },
        }],
        "textures": [{"source": 0, "sampler": 0}, {"source": 1, "sampler": 0}],
        "samplers": [{"magFilter": LINEAR, "minFilter": LINEAR, "wrapS": CLAMP, "wrapT": CLAMP}],
        "images": [{"bufferView": view, "mimeType": "image/png"} for view in images],
    }  # fmt: skip
    return container(document, buffer)


def _base_colour(omage: Omage) -> bytes:
    return png.encode(srgb.encode(omage[..., ALBEDO]))


def _metallic_roughness(omage: Omage) -> bytes:
    """A PNG with roughness in green and metallic in blue."""
    zero = np.zeros(omage.shape[:2], np.float32)
    planes = np.stack([zero, omage[..., ROUGHNESS], omage[..., METALLIC]], axis=-1)
    return png.encode((planes * 255.0 + 0.5).astype(np.uint8))
