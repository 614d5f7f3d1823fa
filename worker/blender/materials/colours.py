"""Colours for objects without materials of their own."""

from __future__ import annotations

from typing import Any

import bpy

from worker.blender import compat
from worker.blender.importing.staging import Staged
from worker.blender.materials import (
    backfaces,
    corrections,
    decoding,
    maps,
    textures,
    transparency,
    vertex_colours,
)
from worker.contract.random_streams import Colour, random_colour, stream
from worker.contract.recipe import Recipe

NO_MATERIAL = 0.8
"""Linear grey that Cycles uses for faces without a material."""
NO_SHADER = (0.0, 0.0, 0.0)
"""Colour of a material whose output has no link. Blender 3.4 would write no AOV for it."""


def supply(uid: str, recipe: Recipe, staged: Staged, suffix: str) -> dict[str, Any]:
    """Supply colours where the object has none or its textures are missing.

    Textures that are found under another path are added to `staged.found`, those that are absent
    or cannot be decoded to `staged.missing` and `staged.undecodable`.
    Returns: the facts of `staged`, and what was changed.
    """
    root = staged.root
    staged.found.update(textures.relink(root))
    replaced = textures.replace_missing(
        root, lambda name: random_colour(stream(uid, recipe, f"texture:{name}"))
    )
    staged.miss(replaced.absent)
    staged.undecodable.update(replaced.undecodable)
    if not (staged.missing or staged.undecodable):  # no file can be why a node has no picture
        staged.missing |= replaced.unnamed
    corrections.correct(root.model, suffix)
    textures.ignore_unused_alpha(suffix)
    maps.correct(suffix)
    decoding.by_use(suffix)
    painted = None
    if suffix in recipe.subject.one_colour:
        painted = random_colour(stream(uid, recipe, "colour"))
        paint_all(painted)
    else:
        vertex_colours.show(suffix)
    backfaces.hide(recipe.subject, suffix)
    return {
        **staged.facts(),
        "missing_textures": replaced.facts,
        "random_color": painted and list(painted),
        "made_opaque": transparency.make_opaque(),
    }


def paint_all(colour: Colour) -> None:
    """Assign one plain material of the scene-linear `colour` to every shape."""
    material = _material("one colour")
    compat.socket(_surface(material), "Base Color").default_value = colour
    for data in compat.shapes():
        data.materials.clear()
        data.materials.append(material)
    for item in bpy.data.objects:
        for slot in item.material_slots:
            slot.link = "DATA"


def complete() -> None:
    """Create explicit materials for empty slots and node trees for materials without nodes.

    The appearance does not change. AOVs and material indices need the explicit form.
    """
    materials: list[Any] = list(bpy.data.materials)
    for material in materials:
        if not material.use_nodes or material.node_tree is None:
            _make_plain(material, tuple(material.diffuse_color)[:3])
        elif not _shows(material.node_tree):
            _make_plain(material, NO_SHADER)
    plain = bpy.data.materials.new("no material")
    _make_plain(plain, (NO_MATERIAL,) * 3)
    for data in compat.shapes():
        _fill(data.materials, plain)
    for item in bpy.data.objects:
        for slot in item.material_slots:
            if slot.material is None:
                slot.material = plain
    if not plain.users:
        bpy.data.materials.remove(plain)


def _fill(slots: Any, plain: Any) -> None:
    if not slots:
        slots.append(plain)
    for number, material in enumerate(slots):
        if material is None:
            slots[number] = plain


def _shows(tree: Any) -> bool:
    output = tree.get_output_node("CYCLES")
    return output is not None and any(socket.is_linked for socket in output.inputs)


def _make_plain(material: Any, colour: tuple[float, ...]) -> None:
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    diffuse = tree.nodes.new("ShaderNodeBsdfDiffuse")
    diffuse.inputs["Color"].default_value = (*colour, 1.0)
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(diffuse.outputs[0], output.inputs["Surface"])


def _material(name: str) -> Any:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material


def _surface(material: Any) -> Any:
    return next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
