"""Run inside Blender: writes a .blend of a square of two by one that wears a picture of two tiles.

make_tiles.py FILE: the tiles are x.1001.png and x.1002.png beside it, which must be there.
"""

import sys
from pathlib import Path

import bpy

file = Path(sys.argv[-1]).resolve()
bpy.ops.wm.read_factory_settings(use_empty=True)
mesh = bpy.data.meshes.new("sheet")
corners = ((0, 0), (2, 0), (2, 1), (0, 1))
mesh.from_pydata([(x - 1, 0, y - 0.5) for x, y in corners], [], [(0, 1, 2, 3)])
for loop, place in zip(mesh.uv_layers.new().data, corners, strict=True):
    loop.uv = place
bpy.context.scene.collection.objects.link(bpy.data.objects.new("sheet", mesh))
image = bpy.data.images.load(str(file.parent / "x.1001.png"))
image.source = "TILED"
image.filepath = str(file.parent / "x.<UDIM>.png")
image.tiles.new(1002)
material = bpy.data.materials.new("paint")
material.use_nodes = True
tree = material.node_tree
texture = tree.nodes.new("ShaderNodeTexImage")
texture.image = image
tree.links.new(texture.outputs[0], tree.nodes["Principled BSDF"].inputs["Base Color"])
mesh.materials.append(material)
bpy.ops.wm.save_as_mainfile(filepath=str(file), relative_remap=True, compress=False)
