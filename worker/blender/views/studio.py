"""A generated studio environment for metal, glossy and glass surfaces to reflect.

It consists of a soft gradient from floor to ceiling and three soft boxes. Diffuse rays see a
uniform grey instead. The more the two differ, the noisier a glossy surface is, because its paths
take either at random: so the boxes are not as bright as real ones. It needs no image file.
"""

from __future__ import annotations

import math
from typing import Any, Tuple

from worker.blender import context

FLOOR, CEILING = 0.15, 0.5
"""Radiance straight down and straight up, at a strength of 1."""
BOXES: Tuple[Tuple[float, float, float], ...] = (
    # azimuth and elevation (degrees), added radiance
    (-45.0, 40.0, 0.6),
    (75.0, 25.0, 0.45),
    (190.0, 50.0, 0.5),
)
INNER, OUTER = math.cos(math.radians(16.0)), math.cos(math.radians(34.0))
"""Cosines of two angles from a box's centre: up to one the radiance is full, beyond the other 0."""


def surround(strength: float, diffuse: float) -> None:
    """Make the studio the scene's world. `diffuse` is the grey that diffuse rays see instead."""
    world: Any = context.scene().world
    world.use_nodes = True
    world.cycles.sampling_method = "NONE"  # an importance map of a soft world only costs time
    tree = world.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputWorld")
    mix = tree.nodes.new("ShaderNodeMixShader")
    path = tree.nodes.new("ShaderNodeLightPath")
    plain = tree.nodes.new("ShaderNodeBackground")
    plain.inputs["Color"].default_value = (diffuse, diffuse, diffuse, 1.0)
    seen = tree.nodes.new("ShaderNodeBackground")
    seen.inputs["Strength"].default_value = strength
    tree.links.new(_radiance(tree), seen.inputs["Color"])
    tree.links.new(path.outputs["Is Diffuse Ray"], mix.inputs[0])
    tree.links.new(seen.outputs[0], mix.inputs[1])
    tree.links.new(plain.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], output.inputs["Surface"])


def _radiance(tree: Any) -> Any:
    direction = tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"]
    total = _ramp(tree, _along(tree, direction, (0.0, 0.0, 1.0)), (-1.0, 1.0), (FLOOR, CEILING))
    for azimuth, height, radiance in BOXES:
        turn, rise = math.radians(azimuth), math.radians(height)
        middle = (
            math.cos(rise) * math.cos(turn),
            math.cos(rise) * math.sin(turn),
            math.sin(rise),
        )
        box = _ramp(tree, _along(tree, direction, middle), (OUTER, INNER), (0.0, radiance))
        added = tree.nodes.new("ShaderNodeMath")
        tree.links.new(total, added.inputs[0])
        tree.links.new(box, added.inputs[1])
        total = added.outputs[0]
    return total


def _along(tree: Any, direction: Any, axis: Tuple[float, float, float]) -> Any:
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.operation = "DOT_PRODUCT"
    tree.links.new(direction, node.inputs[0])
    node.inputs[1].default_value = axis
    return node.outputs["Value"]


def _ramp(tree: Any, value: Any, ends: Tuple[float, float], to: Tuple[float, float]) -> Any:
    node = tree.nodes.new("ShaderNodeMapRange")
    node.interpolation_type = "SMOOTHSTEP"
    for socket, number in zip(node.inputs[1:5], (*ends, *to)):
        socket.default_value = number
    tree.links.new(value, node.inputs[0])
    return node.outputs[0]
