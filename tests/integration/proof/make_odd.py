"""Makes .blend files whose render shows more than the viewport measures, or elsewhere.

python make_odd.py FOLDER, or: blender -b --python make_odd.py -- FOLDER
"""

import sys
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[-1])


def cube(name, place, scale=0.5, link=True):
    bpy.ops.mesh.primitive_cube_add(size=2 * scale, location=place)
    item = bpy.context.object
    item.name = name
    if not link:
        bpy.context.scene.collection.objects.unlink(item)
    return item


def hidden_member():
    """An instanced collection, one member of which only the viewport does not show."""
    group = bpy.data.collections.new("group")
    for name, x in (("near", 0.0), ("far", 3.0)):
        item = cube(name, (x, 0.0, 0.0), link=False)
        group.objects.link(item)
        item.hide_viewport = name == "far"
    instance = bpy.data.objects.new("instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", group
    bpy.context.scene.collection.objects.link(instance)


def instancer():
    """A frame of points that carry cubes, itself shown in the render only."""
    plate = cube("plate", (0.0, 0.0, 0.0), 2.0)
    cube("carried", (0.0, 0.0, 0.0), 0.1).parent = plate
    plate.instance_type = "VERTS"
    plate.show_instancer_for_render, plate.show_instancer_for_viewport = True, False


def keyed():
    """A cube that is hidden, but keyed to be seen."""
    cube("plain", (0.0, 0.0, 0.0))
    item = cube("keyed", (3.0, 0.0, 0.0))
    item.hide_render = False
    item.keyframe_insert("hide_render", frame=1)
    item.hide_render = True


def child_of():
    """Held to another by a constraint, which scaling applies twice."""
    cube("plain", (0.0, 0.0, 0.0))
    holder = cube("holder", (2.0, 0.0, 0.0))
    held = cube("held", (0.0, 3.0, 0.0))
    held.constraints.new("CHILD_OF").target = holder


def limited():
    """Kept from the place that scaling gives it."""
    cube("plain", (5.0, 0.0, 0.0))
    item = cube("limited", (0.0, 0.0, 0.0))
    limit = item.constraints.new("LIMIT_LOCATION")
    limit.use_min_x, limit.min_x, limit.owner_space = True, 2.0, "WORLD"


def driven():
    """A driver moves it."""
    cube("plain", (0.0, 0.0, 0.0))
    item = cube("driven", (0.0, 0.0, 0.0))
    driver = item.driver_add("location", 0).driver
    driver.type, driver.expression = "SCRIPTED", "frame / 2"


def displaced():
    """A picture that is missing displaces it."""
    item = cube("displaced", (0.0, 0.0, 0.0))
    image = bpy.data.images.new("gone", 4, 4)
    image.source, image.filepath = "FILE", "//gone.png"
    image.colorspace_settings.name = "Non-Color"
    texture = bpy.data.textures.new("gone", "IMAGE")
    texture.image = image
    modifier = item.modifiers.new("displace", "DISPLACE")
    modifier.texture, modifier.strength = texture, 2.0


for make in (hidden_member, instancer, keyed, child_of, limited, driven, displaced):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    make()
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / f"{make.__name__}.blend"))
