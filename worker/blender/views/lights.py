"""Light rigs: the lights and the world around the object."""

from __future__ import annotations

import math
import random
from typing import Any, Callable, Tuple

import bpy
import mathutils
import numpy as np

from worker.blender import compat, context
from worker.blender.materials import reflection
from worker.blender.views import sky
from worker.blender.views import studio as studios
from worker.blender.views.placement import IDENTITY, Placement
from worker.contract.recipe import Lights

Sun = Tuple[str, Tuple[float, float, float], Tuple[int, ...]]
FOUR_SUNS: tuple[Sun, ...] = (
    # name, rotation (XYZ Euler, rad), energies to draw from (W/m2)
    ("key", (math.pi / 4, 0.0, -math.pi / 4), (3, 4, 5)),
    ("fill", (math.pi / 4, 0.0, 3 * math.pi / 4), (2, 3, 4)),
    ("rim", (-math.pi / 4, 0.0, -5 * math.pi / 4), (3, 4, 5)),
    ("bottom", (math.pi, 0.0, 0.0), (1, 2, 3)),
)
"""Objaverse-XL's lights (from its scripts/rendering)."""
STUDIO_SUNS: tuple[Sun, ...] = (
    ("key", (math.pi / 4, 0.0, -math.pi / 4), (3, 4, 5)),
    ("fill", (-3 * math.pi / 4, 0.0, -math.pi / 4), (2, 3, 4)),
)
"""As key and fill of `FOUR_SUNS`, but opposite each other: one lights each surface."""
STUDIO_GREY = 0.25
"""Radiance of the studio's dome for diffuse rays, at a strength of 1."""
STARTUP_GREY = 0.05087609
"""World grey of Blender's startup scene, which the published renders were made in."""
STARTUP_LIGHT = ((4.076245, 1.005454, 5.903862), 1000.0, 0.1)
"""Location, power (W) and radius of the point light in that scene."""
SHAP_E_DIRECTION = (0.09387503, -0.63953443, -0.7630093)
SHAP_E_ENERGY, SHAP_E_ANGLE = 5.0, 0.0092
"""Shap-E's uniform light (openai/shap-e, shap_e/rendering/blender): two opposite suns."""
TRELLIS_POINT = ((4.0, 1.0, 6.0), 1000.0, 0.25)
TRELLIS_AREAS = (  # a new light is 0.25 wide; TRELLIS scales the top one by 100
    # name, location, power (W), side; both point down, so the bottom one lights nothing
    ("top", (0.0, 0.0, 10.0), 10000.0, 25.0),
    ("bottom", (0.0, 0.0, -10.0), 1000.0, 0.25),
)
"""TRELLIS's lights (microsoft/TRELLIS, dataset_toolkits/blender_script)."""
PHOTOMETRIC = frozenset({"POINT", "SPOT", "AREA"})
"""Lights with power in watts: when the scene is scaled, it must scale with the distance squared."""
Place = tuple[float, float, float]


def add(
    lights: Lights, source: random.Random, placed: Placement = IDENTITY, *, grown: float = 1.0
) -> str:
    """Light the scene with the rig of `lights`; other lights and worlds are switched off.

    Rigs are defined in world coordinates; `placed` maps the model's space to the world. `grown` is
    the factor by which the object and the file's own lights have been scaled.
    Returns: the name of the rig used: "four-suns" instead of "own" if no light of the file shines.
    Raises: ObjectFault("render") if the environment picture cannot be read.
    """
    rig = lights.rig
    if rig == "own" and not _keep_own(lights.strength, grown):
        rig = "four-suns"
    if rig != "own":
        put_out()
    set_world(0.0)
    RIGS[rig](lights, source, placed)
    return rig


def put_out() -> None:
    """Switch off the file's own lights. They are kept, because other objects may depend on them."""
    for item in bpy.data.objects:
        if item.type in {"LIGHT", "LIGHT_PROBE"}:
            item.hide_render = item.hide_viewport = True
    lights: list[Any] = list(bpy.data.lights)
    for light in lights:
        light.animation_data_clear()
        light.use_nodes = False
        light.energy = 0.0  # an instance of a hidden light would still emit


def four_suns(lights: Lights, source: random.Random, _: Placement) -> None:
    """Four suns with randomly drawn energies and no shadows, in a dim grey world."""
    _suns(FOUR_SUNS, lights, source)
    set_world(STARTUP_GREY * lights.strength)


def studio(lights: Lights, source: random.Random, _: Placement) -> None:
    """Two opposite suns in a soft dome, with soft boxes if a material reflects.

    A path chooses a light at random: with one for each side there is less noise than with four.
    The reflection of a sun in smooth metal would be a few pixels that are far too bright, so glossy
    and transmission rays see the boxes instead.
    """
    reflects = reflection.is_present()
    for light, sun in _suns(STUDIO_SUNS, lights, source):
        light.angle = 0.0  # a disc would only cost time: nothing casts a shadow or mirrors it
        if reflects:
            sun.visible_glossy = sun.visible_transmission = False
    dome = STUDIO_GREY * lights.strength
    if reflects:
        studios.surround(lights.strength, dome)
    else:
        set_world(dome)


def shap_e(lights: Lights, _: random.Random, __: Placement) -> None:
    """Two small suns from opposite sides, in a dim grey world."""
    direction = mathutils.Vector(SHAP_E_DIRECTION)
    for sign in (1.0, -1.0):
        light, sun = new_light("SUN", "uniform sun", SHAP_E_ENERGY * lights.strength)
        light.angle = SHAP_E_ANGLE
        sun.rotation_euler = (-sign * direction).to_track_quat("-Z", "Y").to_euler()
    set_world(STARTUP_GREY * lights.strength)


def uniform(lights: Lights, _: random.Random, __: Placement) -> None:
    """A uniform white world."""
    set_world(lights.strength)


def environment(lights: Lights, _: random.Random, __: Placement) -> None:
    """An equirectangular environment picture; its width spans a full turn about the Z axis."""
    image = sky.load(lights.environment)
    world: Any = context.scene().world
    world.use_nodes = True
    tree = world.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputWorld")
    background = tree.nodes.new("ShaderNodeBackground")
    picture = tree.nodes.new("ShaderNodeTexEnvironment")
    turn = tree.nodes.new("ShaderNodeMapping")
    place = tree.nodes.new("ShaderNodeTexCoord")
    picture.image = image
    background.inputs["Strength"].default_value = lights.strength
    turn.inputs["Rotation"].default_value[2] = -math.radians(lights.environment_turn)
    tree.links.new(place.outputs["Generated"], turn.inputs["Vector"])
    tree.links.new(turn.outputs["Vector"], picture.inputs["Vector"])
    tree.links.new(picture.outputs["Color"], background.inputs["Color"])
    tree.links.new(background.outputs[0], output.inputs["Surface"])


def area(lights: Lights, source: random.Random, placed: Placement) -> None:
    """One square area light that points down, in a dim grey world.

    Its power and location are drawn at random, as in Zero-1-to-3 (cvlab-columbia/zero123,
    objaverse-rendering).
    """
    power = source.uniform(*lights.area_power)
    place = [source.uniform(*ends) for ends in zip(lights.area_low, lights.area_high)]
    _area("area", (place[0], place[1], place[2]), power * lights.strength, lights.area_side, placed)
    if lights.startup_light:
        _point(STARTUP_LIGHT, lights.strength, placed)
    set_world(STARTUP_GREY * lights.strength)


def trellis(lights: Lights, _: random.Random, placed: Placement) -> None:
    """A point light, a large area light above and a small one below, in a dim grey world."""
    _point(TRELLIS_POINT, lights.strength, placed)
    for name, place, power, side in TRELLIS_AREAS:
        _area(name, place, power * lights.strength, side, placed)
    set_world(STARTUP_GREY * lights.strength)


def nothing(_: Lights, __: random.Random, ___: Placement) -> None:
    """A black world without added lights; the file's own lights and emission remain."""


RIGS: dict[str, Callable[[Lights, random.Random, Placement], None]] = {
    "four-suns": four_suns,
    "studio": studio,
    "shap-e": shap_e,
    "uniform": uniform,
    "environment": environment,
    "area": area,
    "trellis": trellis,
    "own": nothing,
    "none": nothing,
}


def _keep_own(strength: float, scale: float) -> bool:
    """Adjust the file's lights to the scaled object. Returns: whether any of them emits light."""
    instances: Any = bpy.context.evaluated_depsgraph_get().object_instances
    shining = {
        instance.object.original.data.as_pointer()
        for instance in instances
        if instance.object.type == "LIGHT"
    }
    lights: list[Any] = list(bpy.data.lights)
    for light in lights:
        light.animation_data_clear()
        light.energy *= strength
        if light.type in PHOTOMETRIC:
            light.energy *= scale * scale
        if light.type in {"POINT", "SPOT"}:
            light.shadow_soft_size *= scale  # an area light's size follows its object's scale
    return any(light.energy > 0.0 and light.as_pointer() in shining for light in lights)


def new_light(kind: str, name: str, energy: float) -> tuple[Any, Any]:
    """Add a light that cameras do not see. Returns: its data and its object."""
    lights: Any = bpy.data.lights
    data = lights.new(name, kind)
    data.energy = energy
    item: Any = bpy.data.objects.new(name, data)
    item.visible_camera = False
    scene = context.scene()
    scene.collection.objects.link(item)
    return data, item


def _suns(table: tuple[Sun, ...], lights: Lights, source: random.Random) -> list[tuple[Any, Any]]:
    """Add the suns of `table`, without shadows. Returns: their data and their objects."""
    added = []
    for name, rotation, energies in table:
        energy = float(source.choice(energies)) * lights.strength
        light, sun = new_light("SUN", f"{name} sun", energy)
        compat.without_shadow(light)
        sun.rotation_euler = rotation
        added.append((light, sun))
    return added


def _point(what: tuple[Place, float, float], strength: float, placed: Placement) -> None:
    place, power, radius = what
    light, item = new_light("POINT", "point", power * strength / placed.scale**2)
    light.shadow_soft_size = radius / placed.scale
    item.location = placed.point(np.array(place)).tolist()


def _area(name: str, place: Place, power: float, side: float, placed: Placement) -> None:
    light, item = new_light("AREA", name, power / placed.scale**2)
    light.size = side / placed.scale
    item.location = placed.point(np.array(place)).tolist()


def set_world(grey: float) -> None:
    """Set a uniform world of this linear grey."""
    scene = context.scene()
    scene.world = bpy.data.worlds.new("world")
    compat.set_world_colour(scene.world, grey)
