"""How the sample models are written: the exporter that this Blender has for a format."""

from __future__ import annotations

from typing import Any

from worker.blender import compat
from worker.blender.compat import Operator

_OBJ = (("path_mode", "RELATIVE"), ("export_materials", True))
EXPORTERS: dict[str, tuple[Operator, ...]] = {
    # The first that this Blender has is taken: C++ before Python.
    "glb": (Operator("export_scene.gltf", (("export_format", "GLB"), ("export_apply", True))),),
    "gltf": (
        Operator("export_scene.gltf", (("export_format", "GLTF_SEPARATE"), ("export_apply", True))),
    ),
    "obj": (Operator("wm.obj_export", _OBJ), Operator("export_scene.obj", _OBJ)),
    "fbx": (Operator("export_scene.fbx"),),
    "stl": (Operator("wm.stl_export"), Operator("export_mesh.stl")),
    "ply": (
        Operator("wm.ply_export", (("export_colors", "SRGB"),)),
        Operator("export_mesh.ply", (("use_colors", True),)),
    ),
}  # fmt: skip


def run_exporter(suffix: str, filepath: str, options: dict[str, Any]) -> None:
    """Write the whole scene to `filepath`. Raises: RuntimeError, also where there is no way to."""
    for candidate in EXPORTERS[suffix]:
        if compat.options_of(candidate.operator):
            compat.run(candidate, filepath, options)
            return
    raise RuntimeError(f"Blender {compat.version()} cannot export .{suffix}")
