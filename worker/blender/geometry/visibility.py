"""Decides which objects and faces the camera can see; only these are measured."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from worker.blender.materials import transparency


class Visibility:
    """Visibility in the currently evaluated scene; create a new one after a change."""

    def __init__(self) -> None:
        self._layer: Any = bpy.context.view_layer
        self._transparent = transparency.transparent_materials()
        self._objects: dict[tuple[int, bool], bool] = {}

    def of_instance(self, instance: Any) -> bool:
        """Whether an instance of the dependency graph is visible; its instancer must be too."""
        return bool(instance.show_self) and self._of_ray(instance)

    def of_hair(self, instance: Any) -> bool:
        """Whether hair of an instance is visible, which it may be without its emitter."""
        return bool(instance.show_particles) and self._of_ray(instance)

    def _of_ray(self, instance: Any) -> bool:
        """As in Cycles, an instance is a holdout or indirect only if its instancer is one."""
        owner = instance.parent if instance.is_instance else instance.object
        return self._of_object(instance.object) and self._of_object(owner, is_owner=True)

    def _of_object(self, item: Any, *, is_owner: bool = False) -> bool:
        original = item.original
        key = (original.as_pointer(), is_owner)
        if key not in self._objects:
            self._objects[key] = bool(
                original.visible_camera
                and not original.is_shadow_catcher
                and not (is_owner and original.holdout_get(view_layer=self._layer))
                and not (is_owner and original.indirect_only_get(view_layer=self._layer))
            )
        return self._objects[key]

    def clear_slots(self, item: Any) -> tuple[bool, ...]:
        """For each material slot of an evaluated object, whether it is fully transparent."""
        if not self._transparent:
            return ()
        found: list[Any] = list(item.data.materials)
        for number, slot in enumerate(item.material_slots):
            if slot.link == "OBJECT" and number < len(found):
                found[number] = slot.material
        return tuple(each is not None and each.original in self._transparent for each in found)


def seen_faces(mesh: Any, clear_slots: tuple[bool, ...]) -> npt.NDArray[np.bool_] | None:
    """For each face of `mesh`, whether it is visible (F,); None if all are."""
    if not any(clear_slots):
        return None
    used = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", used)
    seen: npt.NDArray[np.bool_] = ~np.array(clear_slots)[np.clip(used, 0, len(clear_slots) - 1)]
    return seen


def corner_vertices(mesh: Any, faces: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.int32]:
    """The vertex indices (N,) at the corners of the faces in the mask `faces` (F,), or of all."""
    vertices = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", vertices)
    if faces is None:
        return vertices
    sizes = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", sizes)
    chosen: npt.NDArray[np.int32] = vertices[np.repeat(faces, sizes)]
    return chosen
