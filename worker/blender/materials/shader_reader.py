"""Reads base colour, alpha, metallic and roughness from a material's node tree.

The reader starts at the output node that Cycles renders and follows mix shaders, groups and
reroutes back to the shaders. Each value is a constant or an output socket of the tree. Where
shaders are mixed, the reader adds nodes that mix their values in the same way. It does not change
existing nodes, but it gives each group node that it enters its own copy of the group's tree.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Optional, Union

from worker.blender import compat

Value = Any
"""A float, an (r, g, b) of linear floats, or an output socket of the same tree."""
HOLDOUT, CLEAR, LIGHT, SOLID = range(4)
"""Kinds of shader: a holdout, transparent, emission only, or a surface. In a mix, the highest kind
wins."""
DEPTH = 100
"""Maximum depth of nested shaders; deeper ones are read as black."""
REROUTES = 1000


@dataclasses.dataclass(frozen=True)
class Surface:
    """The values of a shader, each a `Value`; `kind` is HOLDOUT, CLEAR, LIGHT or SOLID."""

    colour: Value = (0.0, 0.0, 0.0)
    alpha: Value = 1.0
    metallic: Value = 0.0
    roughness: Value = 1.0
    kind: int = SOLID


BLACK = Surface()
"""The surface without a shader; Cycles renders it black."""
VALUES = ("colour", "alpha", "metallic", "roughness")


@dataclasses.dataclass(frozen=True)
class Shader:
    """Where to read each value of a shader node: the name of an input, or a constant."""

    colour: str = "Color"
    metallic: Union[str, float] = 0.0
    roughness: Union[str, float] = 1.0
    alpha: Union[str, float] = 1.0
    kind: int = SOLID


SHADERS = {
    "ShaderNodeBsdfPrincipled": Shader("Base Color", "Metallic", "Roughness", "Alpha"),
    "ShaderNodeBsdfMetallic": Shader("Base Color", 1.0, "Roughness"),
    "ShaderNodeBsdfGlossy": Shader(metallic=1.0, roughness="Roughness"),
    "ShaderNodeBsdfAnisotropic": Shader(metallic=1.0, roughness="Roughness"),
    "ShaderNodeBsdfGlass": Shader(roughness="Roughness"),
    "ShaderNodeBsdfRefraction": Shader(roughness="Roughness"),
    "ShaderNodeBsdfHairPrincipled": Shader(roughness="Roughness"),
    "ShaderNodeBsdfDiffuse": Shader(),  # its "Roughness" is Oren-Nayar's, not microfacet roughness
    "ShaderNodeBsdfTranslucent": Shader(),
    "ShaderNodeSubsurfaceScattering": Shader(),
    "ShaderNodeBsdfToon": Shader(),
    "ShaderNodeBsdfVelvet": Shader(),
    "ShaderNodeBsdfSheen": Shader(),
    "ShaderNodeBsdfHair": Shader(),
    "ShaderNodeEmission": Shader(kind=LIGHT),
}


class Reader:
    """Reads one node tree.

    `inside`, for the tree of a group: the reader of the enclosing tree, and the group node.
    """

    def __init__(self, tree: Any, inside: Optional[tuple[Reader, Any]] = None) -> None:
        self.tree = tree
        self._inside = inside
        self._known: dict[tuple[str, str], Surface] = {}
        self._groups: dict[str, Reader] = {}

    def material(self) -> Optional[Surface]:
        """Return the surface at the tree's output, or None if no surface shader is linked."""
        output = self.tree.get_output_node("CYCLES")
        if output is None or not output.inputs["Surface"].is_linked:
            return None  # for example, a volume only
        return self.read(output.inputs["Surface"], 0)

    def read(self, socket: Any, depth: int) -> Surface:
        """Return the surface of the shader that is linked to the input `socket`."""
        origin = origin_of(socket)
        if origin is None or depth > DEPTH:
            return BLACK
        node = origin.node
        key = (node.name, origin.identifier)
        if key not in self._known:
            compound = COMPOUNDS.get(node.bl_idname)
            self._known[key] = compound(self, origin, depth) if compound else self._simple(node)
        return self._known[key]

    def _simple(self, node: Any) -> Surface:
        if node.bl_idname == "ShaderNodeBsdfTransparent":
            light = self._value(node.inputs["Color"])
            through = sum(light) / 3.0 if isinstance(light, tuple) else light
            return Surface(alpha=self.math("SUBTRACT", 1.0, through), kind=CLEAR)
        if node.bl_idname == "ShaderNodeHoldout":
            return Surface(alpha=0.0, kind=HOLDOUT)
        shader = SHADERS.get(node.bl_idname)
        if shader is None:
            return BLACK
        values = {
            name: self._value(node.inputs[place]) if isinstance(place, str) else place
            for name in VALUES
            for place in [getattr(shader, name)]
        }
        return Surface(**values, kind=shader.kind)

    def _value(self, socket: Any) -> Value:
        link = link_of(socket)
        if link is not None:
            return link.from_socket
        value = socket.default_value
        return value if isinstance(value, float) else tuple(value)[:3]

    def mix(self, origin: Any, depth: int) -> Surface:
        """Read a Mix Shader. If one side is transparent, the colour is that of the other side."""
        node = origin.node
        factor = self._value(node.inputs[0])
        a, b = self.read(node.inputs[1], depth + 1), self.read(node.inputs[2], depth + 1)
        alpha = self._between(factor, a.alpha, b.alpha)
        if min(a.kind, b.kind) <= CLEAR:
            return dataclasses.replace(max(a, b, key=lambda one: one.kind), alpha=alpha)
        return Surface(
            colour=self._between_colours(factor, a.colour, b.colour),
            alpha=alpha,
            metallic=self._between(factor, a.metallic, b.metallic),
            roughness=self._between(factor, a.roughness, b.roughness),
            kind=max(a.kind, b.kind),
        )

    def add(self, origin: Any, depth: int) -> Surface:
        """Read an Add Shader.

        Two shaders of the same kind add their colours. Otherwise the values of the higher kind
        are kept: emission does not change the colour of a surface.
        """
        node = origin.node
        a, b = self.read(node.inputs[0], depth + 1), self.read(node.inputs[1], depth + 1)
        both = self.math("ADD", a.alpha, b.alpha)
        alpha = self.math("MAXIMUM", self.math("SUBTRACT", both, 1.0), 0.0)
        if a.kind != b.kind:
            return dataclasses.replace(max(a, b, key=lambda one: one.kind), alpha=alpha)
        return Surface(
            colour=self._colours("ADD", 1.0, a.colour, b.colour),
            alpha=alpha,
            metallic=self._between(0.5, a.metallic, b.metallic),
            roughness=self._between(0.5, a.roughness, b.roughness),
            kind=a.kind,
        )

    def group(self, origin: Any, depth: int) -> Surface:
        """Read a node group; new outputs of the group carry the values out."""
        node, name = origin.node, origin.identifier
        if node.node_tree is None:
            return BLACK
        if node.name not in self._groups:
            node.node_tree = node.node_tree.copy()  # each use of a group may need other outputs
            self._groups[node.name] = Reader(node.node_tree, (self, node))
        reader = self._groups[node.name]
        ends = [end for end in node.node_tree.nodes if end.bl_idname == "NodeGroupOutput"]
        end = next((end for end in ends if end.is_active_output), None)
        if end is None:
            return BLACK
        shown = reader.read(named(end.inputs, name), depth + 1)

        def lead_out(value: Value) -> Value:
            if isinstance(value, (float, tuple)):
                return value
            added = compat.add_group_socket(node.node_tree, "OUTPUT", value)
            node.node_tree.links.new(value, named(end.inputs, added))
            return named(node.outputs, added)

        return _each(shown, lead_out)

    def group_input(self, origin: Any, depth: int) -> Surface:
        """Read a shader that is passed into this group; new inputs carry its values in."""
        if self._inside is None:
            return BLACK
        reader, node = self._inside
        shown = reader.read(named(node.inputs, origin.identifier), depth + 1)

        def lead_in(value: Value) -> Value:
            if isinstance(value, (float, tuple)):
                return value
            added = compat.add_group_socket(self.tree, "INPUT", value)
            reader.tree.links.new(value, named(node.inputs, added))
            return named(origin.node.outputs, added)

        return _each(shown, lead_in)

    def math(self, operation: str, a: Value, b: Value) -> Value:
        """Apply `operation` to the numbers `a` and `b`; two constants give a constant."""
        if isinstance(a, float) and isinstance(b, float):
            return ARITHMETIC[operation](a, b)
        return self._node("ShaderNodeMath", operation, (a, b))

    def scale(self, colour: Value, factor: Value) -> Value:
        """Multiply a colour or vector by a number."""
        if isinstance(factor, float):
            factor = (factor,) * 3
        return self._node("ShaderNodeVectorMath", "MULTIPLY", (colour, factor))

    def pack(self, values: tuple[Value, Value, Value]) -> Value:
        """Combine three numbers into one vector."""
        return self._node("ShaderNodeCombineXYZ", None, values)

    def _between(self, factor: Value, a: Value, b: Value) -> Value:
        if isinstance(a, float) and a == b:
            return a
        span = self.math("MULTIPLY", factor, self.math("SUBTRACT", b, a))
        return self.math("ADD", a, span)

    def _between_colours(self, factor: Value, a: Value, b: Value) -> Value:
        if isinstance(a, tuple) and a == b:
            return a
        return self._colours("MIX", factor, a, b)

    def _colours(self, operation: str, factor: Value, a: Value, b: Value) -> Value:
        return self._node("ShaderNodeMixRGB", ("blend_type", operation), (factor, a, b))

    def _node(self, kind: str, operation: Any, values: tuple[Value, ...]) -> Value:
        node = self.tree.nodes.new(kind)
        if operation is not None:
            name, choice = operation if isinstance(operation, tuple) else ("operation", operation)
            setattr(node, name, choice)
        for socket, value in zip(node.inputs, values):
            put(self.tree, value, socket)
        return node.outputs[0]


def put(tree: Any, value: Value, socket: Any) -> None:
    """Link or assign a `Value` to an input socket."""
    if not isinstance(value, (float, tuple)):
        tree.links.new(value, socket)
    elif isinstance(value, tuple) and len(socket.default_value) > len(value):
        socket.default_value = (*value, 1.0)
    else:
        socket.default_value = value


def origin_of(socket: Any) -> Any:
    """Return the output socket that feeds an input socket, or None.

    Reroutes are followed, and muted nodes through their internal links.
    """
    for _ in range(REROUTES):
        link = link_of(socket)
        if link is None:
            return None
        node = link.from_node
        if node.bl_idname == "NodeReroute":
            socket = node.inputs[0]
        elif node.mute:
            ways = [way for way in node.internal_links if way.to_socket == link.from_socket]
            if not ways:
                return None
            socket = ways[0].from_socket
        else:
            return link.from_socket
    return None


def link_of(socket: Any) -> Any:
    """Return the active link to an input socket, or None."""
    return next((link for link in socket.links if link.is_valid and not link.is_muted), None)


def named(sockets: Any, identifier: str) -> Any:
    """Return the socket with this identifier."""
    return next(socket for socket in sockets if socket.identifier == identifier)


def _each(shown: Surface, lead: Callable[[Value], Value]) -> Surface:
    return dataclasses.replace(shown, **{name: lead(getattr(shown, name)) for name in VALUES})


COMPOUNDS: dict[str, Callable[[Reader, Any, int], Surface]] = {
    "ShaderNodeMixShader": Reader.mix,
    "ShaderNodeAddShader": Reader.add,
    "ShaderNodeGroup": Reader.group,
    "NodeGroupInput": Reader.group_input,
}
ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "ADD": lambda a, b: a + b,
    "SUBTRACT": lambda a, b: a - b,
    "MULTIPLY": lambda a, b: a * b,
    "MAXIMUM": max,
    "GREATER_THAN": lambda a, b: float(a > b),
}
