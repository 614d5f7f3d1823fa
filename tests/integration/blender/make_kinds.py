"""Run inside Blender: writes .blend files for the image kinds, and what must be read from them.

make_kinds.py FOLDER: materials.blend, a row of upright squares one unit apart, each of another
kind of material, with materials.json (name, colour, alpha, metallic, roughness of each);
holes.blend, three panes (alpha 1, 0.3, 0) before a wall; lit.blend and lit_large.blend, the same
ball under its own lamp in two sizes; dark.blend, the ball alone.
"""

import json
import sys
from pathlib import Path

import bpy

folder = Path(sys.argv[-1]).resolve()
EXPECTED = []
RED, GREEN = (0.8, 0.1, 0.05, 1.0), (0.1, 0.6, 0.3, 1.0)


def square(x, y=0.0, side=0.9):
    points = [
        (x + sx * side / 2, y, sz * side / 2) for sx, sz in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    mesh = bpy.data.meshes.new("square")
    mesh.from_pydata(points, [], [(0, 1, 2, 3)])
    uv = mesh.uv_layers.new()
    for loop, place in zip(uv.data, ((0, 0), (1, 0), (1, 1), (0, 1)), strict=True):
        loop.uv = place
    item = bpy.data.objects.new("square", mesh)
    bpy.context.scene.collection.objects.link(item)
    return item


class Graph:
    """A material with an output and nothing else."""

    def __init__(self, name):
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.output = self.node("ShaderNodeOutputMaterial")

    def node(self, kind, tree=None, **inputs):
        made = (tree or self.tree).nodes.new(kind)
        for name, value in inputs.items():
            socket = made.inputs[int(name[1:]) if name[0] == "_" else name.replace("_", " ")]
            socket.default_value = value
        return made

    def link(self, source, target, tree=None):
        (tree or self.tree).links.new(source, target)

    def show(self, source):
        self.link(source, self.output.inputs["Surface"])


def principled(graph, colour, tree=None, **inputs):
    return graph.node("ShaderNodeBsdfPrincipled", tree, Base_Color=colour, **inputs).outputs[0]


def expect(name, colour, alpha=1.0, metallic=0.0, roughness=1.0, material=True):
    item = square(float(len(EXPECTED)))
    if material:
        item.data.materials.append(bpy.data.materials[name])
    EXPECTED.append([name, list(colour[:3]), alpha, metallic, roughness])


def mixed(a, b, factor):
    return [x + factor * (y - x) for x, y in zip(a, b, strict=True)]


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / name), compress=False)
    bpy.ops.wm.read_factory_settings(use_empty=True)


bpy.ops.wm.read_factory_settings(use_empty=True)

g = Graph("metal")
g.show(principled(g, RED, Metallic=1.0, Roughness=0.3))
expect("metal", RED, metallic=1.0, roughness=0.3)

g = Graph("thin")
g.show(principled(g, GREEN, Alpha=0.3, Roughness=0.5))
expect("thin", GREEN, alpha=0.3, roughness=0.5)

g = Graph("picture")
picture = bpy.data.images.new("picture", 2, 2, float_buffer=True, alpha=True)
picture.colorspace_settings.name = "Non-Color"
picture.pixels = [0.25, 0.5, 0.75, 0.6] * 4
picture.pack()
texture = g.node("ShaderNodeTexImage")
texture.image = picture
shader = g.node("ShaderNodeBsdfPrincipled", Roughness=0.5)
g.link(texture.outputs["Color"], shader.inputs["Base Color"])
g.link(texture.outputs["Alpha"], shader.inputs["Alpha"])
g.link(texture.outputs["Color"], shader.inputs["Metallic"])
g.show(shader.outputs[0])
LUMA = 0.2126 * 0.25 + 0.7152 * 0.5 + 0.0722 * 0.75
expect("picture", (0.25, 0.5, 0.75), alpha=0.6, metallic=LUMA, roughness=0.5)

for kind, name, metallic, roughness in (
    ("ShaderNodeBsdfDiffuse", "diffuse", 0.0, 1.0),
    ("ShaderNodeBsdfGlossy", "glossy", 1.0, 0.2),
    ("ShaderNodeBsdfGlass", "glass", 0.0, 0.2),
    ("ShaderNodeEmission", "emission", 0.0, 1.0),
    ("ShaderNodeBsdfTranslucent", "translucent", 0.0, 1.0),
):
    g = Graph(name)
    shader = g.node(kind, Color=GREEN)
    if "Roughness" in shader.inputs:
        shader.inputs["Roughness"].default_value = 0.2
    g.show(shader.outputs[0])
    expect(name, GREEN, metallic=metallic, roughness=roughness)

g = Graph("mix")
mix = g.node("ShaderNodeMixShader", _0=0.25)
g.link(principled(g, RED, Metallic=1.0, Roughness=0.2, Alpha=0.5), mix.inputs[1])
g.link(principled(g, GREEN, Metallic=0.0, Roughness=0.6), mix.inputs[2])
g.show(mix.outputs[0])
expect("mix", mixed(RED, GREEN, 0.25), alpha=0.625, metallic=0.75, roughness=0.3)

g = Graph("mix by a texture")
mix = g.node("ShaderNodeMixShader")
texture = g.node("ShaderNodeTexImage")
texture.image = picture
g.link(texture.outputs["Alpha"], mix.inputs[0])  # 0.6
g.link(principled(g, RED, Roughness=0.2), mix.inputs[1])
g.link(principled(g, GREEN, Roughness=0.7), mix.inputs[2])
g.show(mix.outputs[0])
expect("mix by a texture", mixed(RED, GREEN, 0.6), roughness=0.5)

g = Graph("cut out")
mix = g.node("ShaderNodeMixShader", _0=0.4)
g.link(g.node("ShaderNodeBsdfTransparent").outputs[0], mix.inputs[1])
g.link(principled(g, RED, Roughness=0.5), mix.inputs[2])
g.show(mix.outputs[0])
expect("cut out", RED, alpha=0.4, roughness=0.5)

g = Graph("glowing")
add = g.node("ShaderNodeAddShader")
g.link(principled(g, RED, Roughness=0.5), add.inputs[0])
g.link(g.node("ShaderNodeEmission", Color=GREEN).outputs[0], add.inputs[1])
g.show(add.outputs[0])
expect("glowing", RED, roughness=0.5)

g = Graph("unlit")  # as glTF's KHR_materials_unlit is imported
mix, path = g.node("ShaderNodeMixShader"), g.node("ShaderNodeLightPath")
g.link(path.outputs["Is Camera Ray"], mix.inputs[0])
g.link(g.node("ShaderNodeBsdfTransparent").outputs[0], mix.inputs[1])
g.link(g.node("ShaderNodeEmission", Color=GREEN).outputs[0], mix.inputs[2])
g.show(mix.outputs[0])
expect("unlit", GREEN)


def group(name, sockets):
    tree = bpy.data.node_groups.new(name, "ShaderNodeTree")
    for side, kind, label in sockets:
        if hasattr(tree, "interface"):
            tree.interface.new_socket(label, in_out=side, socket_type=kind)
        else:
            (tree.inputs if side == "INPUT" else tree.outputs).new(kind, label)
    return tree, tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")


def use(graph, tree, inside=None):
    node = graph.node("ShaderNodeGroup", inside)
    node.node_tree = tree
    return node


painted, into, out = group(
    "painted", [("INPUT", "NodeSocketColor", "Paint"), ("OUTPUT", "NodeSocketShader", "Shader")]
)
shader = g.node("ShaderNodeBsdfPrincipled", painted, Metallic=0.5, Roughness=0.25)
g.link(into.outputs["Paint"], shader.inputs["Base Color"], painted)
g.link(shader.outputs[0], out.inputs["Shader"], painted)
nested, into, out = group(
    "nested",
    [
        ("INPUT", "NodeSocketColor", "Paint"),
        ("INPUT", "NodeSocketShader", "Under"),
        ("OUTPUT", "NodeSocketShader", "Shader"),
    ],
)
inner = use(g, painted, nested)
mix = g.node("ShaderNodeMixShader", nested, _0=0.5)
g.link(into.outputs["Paint"], inner.inputs["Paint"], nested)
g.link(into.outputs["Under"], mix.inputs[1], nested)
g.link(inner.outputs[0], mix.inputs[2], nested)
g.link(mix.outputs[0], out.inputs["Shader"], nested)

for name, paint, under in (("group", RED, GREEN), ("group again", GREEN, RED)):
    g = Graph(name)
    node = use(g, nested)
    value = g.node("ShaderNodeRGB")
    value.outputs[0].default_value = paint
    below = g.node("ShaderNodeRGB")
    below.outputs[0].default_value = under
    diffuse = g.node("ShaderNodeBsdfDiffuse")
    g.link(value.outputs[0], node.inputs["Paint"])
    g.link(below.outputs[0], diffuse.inputs["Color"])
    g.link(diffuse.outputs[0], node.inputs["Under"])
    g.show(node.outputs[0])
    expect(name, mixed(under, paint, 0.5), metallic=0.25, roughness=0.625)

g = Graph("reroute and muted")
mix = g.node("ShaderNodeMixShader", _0=0.9)
g.link(principled(g, GREEN, Roughness=0.5), mix.inputs[1])
g.link(principled(g, RED), mix.inputs[2])
mix.mute = True  # passes its first shader on
way = g.node("NodeReroute")
g.link(mix.outputs[0], way.inputs[0])
g.show(way.outputs[0])
expect("reroute and muted", GREEN, roughness=0.5)

g = Graph("vertex colours")
node = g.node("ShaderNodeAttribute")
node.attribute_name = "paint"
shader = g.node("ShaderNodeBsdfPrincipled", Roughness=0.5)
g.link(node.outputs["Color"], shader.inputs["Base Color"])
g.show(shader.outputs[0])
expect("vertex colours", (0.3, 0.2, 0.7), roughness=0.5)
mesh = bpy.context.scene.objects[-1].data
for datum in mesh.color_attributes.new("paint", "FLOAT_COLOR", "POINT").data:
    datum.color = (0.3, 0.2, 0.7, 1.0)

plain = bpy.data.materials.new("no nodes")
plain.use_nodes = False
plain.diffuse_color = GREEN
expect("no nodes", GREEN)
expect("no material", (0.8, 0.8, 0.8), material=False)
Graph("no shader")
expect("no shader", (0.0, 0.0, 0.0))

g = Graph("its own aov")  # a file's own node must not write into the project's pass
g.show(principled(g, RED, Roughness=0.5))
aov = g.node("ShaderNodeOutputAOV", Color=(1, 1, 1, 1))
if "aov_name" in aov.bl_rna.properties:
    aov.aov_name = "Albedo"
else:
    aov.name = "Albedo"
expect("its own aov", RED, roughness=0.5)
(folder / "materials.json").write_text(json.dumps(EXPECTED))
save("materials.blend")

for x, alpha in enumerate((1.0, 0.3, 0.0)):
    g = Graph(f"pane {alpha}")
    g.show(principled(g, RED, Alpha=alpha))
    pane = square(float(x), y=-1.0, side=1.0)
    pane.name = f"pane {alpha}"
    pane.data.materials.append(g.material)
g = Graph("wall")
g.show(principled(g, GREEN))
wall = square(1.0, y=0.0, side=3.0)
wall.name = "wall"
wall.data.materials.append(g.material)
save("holes.blend")


def ball(size):
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=5, radius=size / 2)


def lamp(size):
    bpy.ops.object.light_add(type="POINT", location=(0.0, -size, size))
    bpy.context.object.data.energy = 50.0 * size * size
    bpy.context.object.data.shadow_soft_size = 0.2 * size
    bpy.ops.object.light_add(type="SUN")
    bpy.context.object.data.energy = 0.5


ball(1.0)
lamp(1.0)
save("lit.blend")
ball(50.0)
lamp(50.0)
save("lit_large.blend")
ball(1.0)
save("dark.blend")
