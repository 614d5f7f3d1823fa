"""Changes materials so that they emit the values to bake."""

from __future__ import annotations

from typing import Any, Callable

import bpy

from worker.blender.geometry.triangle_soup import Array
from worker.blender.materials.shader_reader import BLACK, Reader, Surface, Value, put

TARGET = "omage"


class Emitter:
    """The node tree of one material; its appearance does not change until `emit` is called."""

    def __init__(self, tree: Any, image: Any) -> None:
        self.tree = tree
        self.reader = Reader(tree)
        self.surface: Surface = self.reader.material() or BLACK
        target = tree.nodes.new("ShaderNodeTexImage")
        target.name, target.image = TARGET, image
        tree.nodes.active = target
        self._emission: Any = None

    def emit(self, what: str) -> None:
        """Make the material emit `what`, one of VALUES."""
        if self._emission is None:
            output = self.tree.get_output_node("CYCLES")
            if output is None:
                output = self.tree.nodes.new("ShaderNodeOutputMaterial")
            self._emission = self.tree.nodes.new("ShaderNodeEmission")
            self.tree.links.new(self._emission.outputs[0], output.inputs["Surface"])
        colour = self._emission.inputs["Color"]
        for link in list(colour.links):
            self.tree.links.remove(link)
        put(self.tree, VALUES[what](self), colour)

    def position(self) -> Value:
        """Return the position p, mapped from -1..1 to 0..1: (p + 1) / 2."""
        place = self.tree.nodes.new("ShaderNodeNewGeometry").outputs["Position"]
        node = self.tree.nodes.new("ShaderNodeVectorMath")
        node.operation = "MULTIPLY_ADD"
        for socket, value in zip(node.inputs, (place, (0.5,) * 3, (0.5,) * 3)):
            put(self.tree, value, socket)
        return node.outputs[0]

    def albedo(self) -> Value:
        """Return the base colour."""
        return self.surface.colour

    def material(self) -> Value:
        """Return the vector (metallic, roughness, 0)."""
        return self.reader.pack((self.surface.metallic, self.surface.roughness, 0.0))


VALUES: dict[str, Callable[[Emitter], Value]] = {
    "position": Emitter.position,
    "albedo": Emitter.albedo,
    "material": Emitter.material,
}


def emitters(mesh: Any, image: Any, used: Array) -> list[Emitter]:
    """Make an emitter for each material of `mesh` whose slot number is in `used`."""
    found: dict[Any, Emitter] = {}
    for number in used.tolist():
        material = mesh.materials[number]
        if material is None:
            material = mesh.materials[number] = _plain()
        if material not in found:
            found[material] = Emitter(material.node_tree, image)
    return list(found.values())


def _plain() -> Any:
    made = bpy.data.materials.new("no material")
    made.use_nodes = True
    return made
