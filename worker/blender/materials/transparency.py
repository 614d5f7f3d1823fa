"""Detection of materials that are fully transparent everywhere, under any light."""

from __future__ import annotations

from typing import Any

import bpy

from worker.blender.materials.shader_reader import DEPTH, link_of, named, origin_of

FULL = 1.0 - 1e-6
PRINCIPLED = "ShaderNodeBsdfPrincipled"
TRANSPARENT = "ShaderNodeBsdfTransparent"
MULTIPLY = "MULTIPLY"


def transparent_materials() -> frozenset[Any]:
    """Return the materials that are certainly fully transparent."""
    materials: list[Any] = list(bpy.data.materials)
    return frozenset(each for each in materials if is_transparent(each))


def is_transparent(material: Any) -> bool:
    """Whether the surface transmits all light and there is no volume to absorb it."""
    if not material.use_nodes or material.node_tree is None:
        return False
    output = material.node_tree.get_output_node("CYCLES")
    if output is None or not output.inputs["Surface"].is_linked:
        return False
    return not output.inputs["Volume"].is_linked and _shader(output.inputs["Surface"], (), 0)


def make_opaque() -> list[str]:
    """Make the materials opaque if all materials in use are transparent through alpha alone.

    The authors of such files meant them to be opaque, for example an OBJ with ``d 0`` or a Collada
    file with transparency 0. Returns: the sorted names of the changed materials.
    """
    shown = _shown_materials()
    if not shown or not all(
        material is not None and is_transparent(material) for material in shown
    ):
        return []
    found = [(each, _alpha_sockets(each.node_tree)) for each in shown]
    if not all(sockets for _, sockets in found):
        return []
    for material, sockets in found:
        for socket in sockets:
            for link in list(socket.links):
                material.node_tree.links.remove(link)
            socket.default_value = 1.0
    return sorted(str(material.name) for material, _ in found)


def _shown_materials() -> set[Any]:
    """Return the materials on rendered faces; None stands for a face without a material."""
    shown: set[Any] = set()
    for instance in bpy.context.evaluated_depsgraph_get().object_instances:
        item: Any = instance.object
        mesh = item.data
        if item.type != "MESH" or not instance.show_self or not len(mesh.polygons):
            continue
        slots = [slot.material for slot in item.material_slots]
        used = {polygon.material_index for polygon in mesh.polygons} if len(slots) > 1 else {0}
        for number in used:
            material = slots[min(number, len(slots) - 1)] if slots else None
            shown.add(None if material is None else material.original)
    return shown


def _alpha_sockets(tree: Any) -> list[Any]:
    return [node.inputs["Alpha"] for node in tree.nodes if node.bl_idname == PRINCIPLED]


def _shader(socket: Any, inside: tuple[Any, ...], depth: int) -> bool:
    """Whether the shader linked to `socket` is transparent.

    `inside`: the enclosing group nodes, outermost first.
    """
    origin = origin_of(socket)
    if origin is None or depth > DEPTH:
        return False
    node = origin.node
    kind = node.bl_idname
    if kind == TRANSPARENT:
        return (
            not node.inputs["Color"].is_linked
            and min(node.inputs["Color"].default_value[:3]) >= FULL
        )
    if kind == PRINCIPLED:
        return _is_zero(node.inputs["Alpha"])
    if kind == "ShaderNodeMixShader":
        factor = node.inputs[0]
        ways: tuple[int, ...] = (1, 2)
        if not factor.is_linked and factor.default_value in {0.0, 1.0}:
            ways = (1 + int(factor.default_value),)
        return all(_shader(node.inputs[way], inside, depth + 1) for way in ways)
    if kind == "ShaderNodeGroup" and node.node_tree is not None:
        ends = [end for end in node.node_tree.nodes if end.bl_idname == "NodeGroupOutput"]
        end = next((end for end in ends if end.is_active_output), None)
        return end is not None and _shader(
            named(end.inputs, origin.identifier), (*inside, node), depth + 1
        )
    if kind == "NodeGroupInput" and inside:
        return _shader(named(inside[-1].inputs, origin.identifier), inside[:-1], depth + 1)
    return False


def _is_zero(socket: Any) -> bool:
    """Whether a number is 0 for any texture: it is 0, or a product with a factor of 0."""
    waiting, looked_at = [socket], 0
    while waiting and looked_at < DEPTH:
        looked_at += 1
        current = waiting.pop()
        link = link_of(current)
        if link is None:
            if current.default_value == 0.0:
                return True
            continue
        node = link.from_node
        if node.bl_idname == "NodeReroute":
            waiting.append(node.inputs[0])
        elif node.bl_idname == "ShaderNodeMath" and node.operation == MULTIPLY:
            waiting += node.inputs[:2]
        elif node.bl_idname == "ShaderNodeValue" and node.outputs[0].default_value == 0.0:
            return True
    return False
