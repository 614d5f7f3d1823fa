"""Run inside Blender: writes .blend files whose secrets must stay in them.

make_blend.py FOLDER: hostile.blend with a wide red cube; beside it a cube hidden in the render, a
glaring lamp, a camera, a picture outside FOLDER, a script, a driver and a compositor that write
files when they get to run. plain.blend is the red cube alone, sphere.blend another object in the
same place, instances.blend two instances of a tower of three cubes, own_materials.blend three cubes
of one mesh, of which two have a red and a green material of their own in place of its blue one.
"""

import os
import sys
from pathlib import Path

import bpy

folder = Path(sys.argv[-1]).resolve()
marker = folder / "written-by-a-script"


def material(name, colour):
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    surface = made.node_tree.nodes["Principled BSDF"]
    surface.inputs["Base Color"].default_value = colour
    return made, surface


def wide_cube():
    bpy.ops.mesh.primitive_cube_add(size=2.0, location=(5.0, 0.0, 0.0))
    cube = bpy.context.object
    cube.scale = (2.0, 1.0, 0.5)
    cube.data.materials.append(material("red", (0.8, 0.02, 0.02, 1.0))[0])
    return cube


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / name), compress=False)


bpy.ops.wm.read_factory_settings(use_empty=True)
wide_cube()
save("plain.blend")

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=4, location=(5.0, 0.0, 0.0))
bpy.context.object.data.materials.append(material("green", (0.02, 0.6, 0.02, 1.0))[0])
save("sphere.blend")

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add(size=2.0)
tower = bpy.context.object
array = tower.modifiers.new("tower", "ARRAY")
array.count, array.relative_offset_displace = 3, (0.0, 0.0, 2.0)
asset = bpy.data.collections.new("asset")
bpy.context.scene.collection.objects.unlink(tower)
asset.objects.link(tower)
for x in (-4.0, 4.0):
    instancer = bpy.data.objects.new("instancer", None)
    instancer.instance_type, instancer.instance_collection = "COLLECTION", asset
    instancer.location.x = x
    bpy.context.scene.collection.objects.link(instancer)
save("instances.blend")

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add(size=2.0)
first = bpy.context.object
first.data.materials.append(material("blue", (0.0, 0.0, 1.0, 1.0))[0])
for x, name, colour in ((4.0, "red", (1.0, 0.0, 0.0, 1.0)), (8.0, "green", (0.0, 1.0, 0.0, 1.0))):
    other = bpy.data.objects.new(name, first.data)
    other.location.x = x
    bpy.context.scene.collection.objects.link(other)
    other.material_slots[0].link = "OBJECT"
    other.material_slots[0].material = material(name, colour)[0]
save("own_materials.blend")

bpy.ops.wm.read_factory_settings(use_empty=True)
wide_cube()
bpy.ops.mesh.primitive_cube_add(size=2.0, location=(0.0, 0.0, 50.0))
bpy.context.object.hide_render = True
bpy.ops.object.light_add(type="POINT", location=(5.0, 0.0, 3.0))
bpy.context.object.data.energy = 100_000.0
bpy.ops.object.camera_add(location=(0.0, 0.0, 80.0))
bpy.context.scene.camera = bpy.context.object

bpy.ops.mesh.primitive_plane_add(size=0.5, location=(5.0, 0.0, 0.0))
made, surface = material("stolen", (1, 1, 1, 1))
picture = made.node_tree.nodes.new("ShaderNodeTexImage")
picture.image = bpy.data.images.load(str(folder.parent / "outside.png"))
picture.image.filepath = "//../outside.png"
made.node_tree.links.new(picture.outputs["Color"], surface.inputs["Base Color"])
bpy.context.object.data.materials.append(made)

text = bpy.data.texts.new("run.py")
text.write(f"open({str(marker)!r}, 'w').write('ran')")
text.use_module = True
driver = bpy.data.objects["Cube"].driver_add("rotation_euler", 0).driver
driver.expression = f"open({str(marker)!r}, 'w').write('drove')"
bpy.context.scene.use_nodes = True
output = bpy.context.scene.node_tree.nodes.new("CompositorNodeOutputFile")
output.base_path = str(folder / "written-by-the-compositor")
save("hostile.blend")
os._exit(0)
