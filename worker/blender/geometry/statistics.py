"""Object statistics with the keys of Objaverse-XL's metadata.json (its scripts/rendering)."""

from __future__ import annotations

from typing import Any

import bpy

from worker.blender import context
from worker.blender.importing.paths import Root
from worker.blender.materials import textures


def count(root: Root) -> dict[str, Any]:
    """Count the scene's contents as imported, before anything is added, replaced or scaled."""
    scene = context.scene()
    objects = list(scene.objects)
    meshes: list[Any] = [item.data for item in objects if item.type == "MESH"]
    keys = [mesh.shape_keys for mesh in meshes if mesh.shape_keys is not None]
    return {
        "animation_count": len(bpy.data.actions),
        "armature_count": sum(item.type == "ARMATURE" for item in objects),
        "edge_count": sum(len(mesh.edges) for mesh in meshes),
        "lamp_count": sum(item.type == "LIGHT" for item in objects),
        "linked_files": _linked_files(root),
        "material_count": len(bpy.data.materials),
        "mesh_count": len(meshes),
        "object_count": len(objects),
        "poly_count": sum(len(mesh.polygons) for mesh in meshes),
        "shape_key_count": sum(len(key.key_blocks) - 1 for key in keys),  # without the basis
        "vert_count": sum(len(mesh.vertices) for mesh in meshes),
    }


def scene_size(low: Any, high: Any) -> dict[str, list[float]]:
    """The bounding box before normalising, in the file's units."""
    return {"bbox_max": [float(x) for x in high], "bbox_min": [float(x) for x in low]}


def _linked_files(root: Root) -> list[str]:
    """The images and libraries that the model references, whether they exist or not."""
    images = {
        textures.file_name(image, root)
        for image in bpy.data.images
        if textures.uses_file(image) and image.filepath
    }
    libraries = {
        root.name(root.locate(bpy.path.abspath(library.filepath))) for library in bpy.data.libraries
    }
    return sorted((images | libraries) - {root.name(root.model)})
