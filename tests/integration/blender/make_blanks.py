"""Run inside Blender: writes a .blend of a square with a picture node that has no picture.

make_blanks.py FILE: its stem says where the node is: "group", "environment", "normal", "rough",
"lamp" or "unlinked"; what does not get its colour from there is blue.
"""

import sys
from pathlib import Path

import bpy

file = Path(sys.argv[-1]).resolve()
bpy.ops.wm.read_factory_settings(use_empty=True)
mesh = bpy.data.meshes.new("sheet")
corners = ((0, 0), (2, 0), (2, 1), (0, 1))
mesh.from_pydata([(x - 1, 0, y - 0.5) for x, y in corners], [], [(0, 1, 2, 3)])
scene = bpy.context.scene
scene.collection.objects.link(bpy.data.objects.new("sheet", mesh))
material = bpy.data.materials.new("paint")
mesh.materials.append(material)
material.use_nodes = True
tree = material.node_tree
surface = tree.nodes["Principled BSDF"]
surface.inputs["Base Color"].default_value = (0.0, 0.0, 1.0, 1.0)


def picture(tree, kind="ShaderNodeTexImage"):
    node = tree.nodes.new(kind)
    node.label = "blank"
    return node.outputs[0]


def group():
    inner = bpy.data.node_groups.new("inner", "ShaderNodeTree")
    if hasattr(inner, "interface"):
        inner.interface.new_socket("Color", in_out="OUTPUT", socket_type="NodeSocketColor")
    else:
        inner.outputs.new("NodeSocketColor", "Color")
    inner.links.new(picture(inner), inner.nodes.new("NodeGroupOutput").inputs[0])
    node = tree.nodes.new("ShaderNodeGroup")
    node.node_tree = inner
    tree.links.new(node.outputs[0], surface.inputs["Base Color"])


def environment():
    tree.links.new(picture(tree, "ShaderNodeTexEnvironment"), surface.inputs["Base Color"])


def normal():
    bend = tree.nodes.new("ShaderNodeNormalMap")
    tree.links.new(picture(tree), bend.inputs["Color"])
    tree.links.new(bend.outputs[0], surface.inputs["Normal"])


def rough():
    part = tree.nodes.new("ShaderNodeSeparateRGB")
    tree.links.new(picture(tree), part.inputs[0])
    tree.links.new(part.outputs[1], surface.inputs["Roughness"])


def lamp():
    light = bpy.data.lights.new("lamp", "POINT")
    scene.collection.objects.link(bpy.data.objects.new("lamp", light))
    light.use_nodes = True
    shining = light.node_tree.nodes["Emission"].inputs["Color"]
    light.node_tree.links.new(picture(light.node_tree), shining)


def unlinked():
    picture(tree)


{"group": group, "environment": environment, "normal": normal, "rough": rough, "lamp": lamp,
 "unlinked": unlinked}[file.stem]()  # fmt: skip
bpy.ops.wm.save_as_mainfile(filepath=str(file), compress=False)
