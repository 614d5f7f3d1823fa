"""The stage of a scene: camera, lights, background and the materials of the objects."""

from __future__ import annotations

from typing import Any, Sequence

import bpy
import numpy as np

from worker.blender import compat
from worker.blender.scenes.pictures import Pictures
from worker.blender.views import lights, scene
from worker.contract import scene_keys
from worker.contract.camera_layouts import Viewpoint, intrinsics
from worker.contract.rotations import matrix
from worker.contract.scene_draws import Look, Triple


def viewpoint(resolution: tuple[int, int]) -> Viewpoint:
    """Return the fixed camera of all samples."""
    width, height = resolution
    pose = np.eye(4)
    pose[:3, :3] = matrix(scene_keys.CAMERA_TURN)
    pose[:3, 3] = scene_keys.CAMERA_LOCATION
    return Viewpoint(pose, intrinsics(scene_keys.CAMERA_FOV, width, height), width, height)


class Stage:
    """A scene with camera, lights and background, to which objects are added."""

    def __init__(self, resolution: tuple[int, int], background: str, height: float) -> None:
        """Clean the scene and build the stage.

        `height`: the height of the floor; it has no effect if `background` is "wall".
        """
        scene.clean()
        self.viewpoint = viewpoint(resolution)
        self._camera = scene.add_camera()
        scene.aim(self._camera, self.viewpoint, scene.distance(self.viewpoint))
        lights.set_world(lights.STARTUP_GREY)
        sun, _ = lights.new_light("SUN", "sun", scene_keys.SUN_ENERGY)
        sun.angle = scene_keys.SUN_ANGLE
        lamp, self._lamp = lights.new_light("POINT", "light", scene_keys.LIGHT_POWER)
        lamp.shadow_soft_size = scene_keys.LIGHT_RADIUS
        plane = _plane()
        if background == "wall":
            plane.location, plane.rotation_euler = scene_keys.WALL_LOCATION, scene_keys.CAMERA_TURN
        else:
            plane.location = (0.0, 0.0, height)
        self._materials = [_own(plane, 0, scene_keys.BACKGROUND_MATERIAL)]

    def add(self, item: Any, class_idx: int) -> None:
        """Give an object the next object index and a new material with the index `class_idx`."""
        self._materials.append(_own(item, len(self._materials), class_idx))

    def light(self, place: Triple) -> None:
        """Move the point light to `place`."""
        self._lamp.location = place

    def dress(self, looks: Sequence[Look], pictures: Pictures, *, emission: bool) -> None:
        """Apply one look to the background, then one to each object, in the order of `add`."""
        for material, look in zip(self._materials, looks):
            _paint(material.node_tree, look, pictures, emission)


def _own(item: Any, number: int, material_index: int) -> Any:
    material: Any = bpy.data.materials.new(item.name)
    material.use_nodes = True
    material.pass_index = material_index
    item.data.materials.clear()
    item.data.materials.append(material)
    item.pass_index = number
    return material


def _plane() -> Any:
    half = scene_keys.PLANE_SIZE / 2.0
    points = np.array([(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)])
    mesh: Any = bpy.data.meshes.new("background")
    compat.fill_triangles(mesh, points, np.array([(0, 1, 2), (0, 2, 3)]))
    layer = mesh.uv_layers.new(name="plane", do_init=False)
    corners = points[[0, 1, 2, 0, 2, 3], :2] / scene_keys.PLANE_SIZE + 0.5
    layer.data.foreach_set("uv", corners.astype(np.float32).ravel())
    item: Any = bpy.data.objects.new("background", mesh)
    stage: Any = bpy.context.scene
    stage.collection.objects.link(item)
    return item


def _paint(tree: Any, look: Look, pictures: Pictures, emission: bool) -> None:
    """Mix a textured surface and a plain one, by the look's share."""
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    plain = _surface(tree, emission)
    _colour(plain).default_value = look.colour
    if look.texture < 0:
        tree.links.new(plain.outputs[0], output.inputs["Surface"])
        return
    printed = _surface(tree, emission)
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = pictures.image(look.texture)
    mixed = tree.nodes.new("ShaderNodeMixShader")
    mixed.inputs[0].default_value = look.share
    tree.links.new(texture.outputs["Color"], _colour(printed))
    tree.links.new(printed.outputs[0], mixed.inputs[1])
    tree.links.new(plain.outputs[0], mixed.inputs[2])
    tree.links.new(mixed.outputs[0], output.inputs["Surface"])


def _surface(tree: Any, emission: bool) -> Any:
    return tree.nodes.new("ShaderNodeEmission" if emission else "ShaderNodeBsdfPrincipled")


def _colour(node: Any) -> Any:
    return compat.socket(node, "Base Color", "Color")
