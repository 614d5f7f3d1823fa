"""Run inside Blender: writes .blend files whose contents lie in, or lead to, another folder.

make_leading.py FOLDER OUTSIDE PORT: in FOLDER one .blend for each way, in OUTSIDE what it leads to.
Each shows a small cube, and beside it what OUTSIDE adds. A way that this Blender does not have is
left out. PORT is one of this machine, for the way that leads to an address.
"""

import os
import shutil
import struct
import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))

from leading_media import media

folder, outside = (Path(each).resolve() for each in sys.argv[-3:-1])
WAYS = {}


def way(make):
    """Register a function that fills the scene; its file is called like it."""
    WAYS[make.__name__] = make
    return make


def cube(location=(0.0, 0.0, 0.0), size=1.0):
    bpy.ops.mesh.primitive_cube_add(size=size, location=location)
    return bpy.context.object


def painted(item, colour=None):
    """A material of `item`, and its surface."""
    made = bpy.data.materials.new("paint")
    made.use_nodes = True
    item.data.materials.append(made)
    return made, made.node_tree.nodes["Principled BSDF"]


def textured(item, image):
    made, surface = painted(item)
    texture = made.node_tree.nodes.new("ShaderNodeTexImage")
    texture.image = image
    made.node_tree.links.new(texture.outputs["Color"], surface.inputs["Base Color"])
    return texture


def geometry_nodes(item, name="nodes"):
    """A modifier with a group of an input and an output, not connected."""
    group = bpy.data.node_groups.new(name, "GeometryNodeTree")
    if hasattr(group, "interface"):
        for direction in ("INPUT", "OUTPUT"):
            group.interface.new_socket(
                "Geometry", in_out=direction, socket_type="NodeSocketGeometry"
            )
    else:
        group.inputs.new("NodeSocketGeometry", "Geometry")
        group.outputs.new("NodeSocketGeometry", "Geometry")
    group.nodes.new("NodeGroupInput")
    group.nodes.new("NodeGroupOutput")
    modifier = item.modifiers.new(name, "NODES")
    modifier.node_group = group
    return modifier, group


def ends(group):
    nodes = {node.bl_idname: node for node in group.nodes}
    return nodes["NodeGroupInput"], nodes["NodeGroupOutput"]


def tower(group):
    """A node whose output is a mesh far taller than the cube."""
    node = group.nodes.new("GeometryNodeMeshCube")
    node.inputs["Size"].default_value = (0.5, 0.5, 6.0)
    return node.outputs[0]


def bake_outside(name, item, modifier):
    """Bake the one node of a modifier to OUTSIDE: a Bake node for one frame, a zone for all."""
    bpy.context.view_layer.update()
    held = modifier.bakes[0]
    if held.node.bl_idname == "GeometryNodeBake":
        held.bake_mode = "STILL"
    held.bake_target = "DISK"
    held.use_custom_path, held.directory = True, str(outside / name)
    save(name)  # the operator wants to know where the file lies
    bpy.ops.object.geometry_node_bake_single(
        session_uid=item.session_uid, modifier_name=modifier.name, bake_id=held.bake_id
    )


@way
def bake():
    """A Bake node: baked as a tower, then given the cube, which it shows without its file."""
    item = cube()
    modifier, group = geometry_nodes(item)
    begin, end = ends(group)
    node = group.nodes.new("GeometryNodeBake")
    high = tower(group)
    group.links.new(high, node.inputs[0])
    group.links.new(node.outputs[0], end.inputs[0])
    bake_outside("bake", item, modifier)
    group.links.new(begin.outputs[0], node.inputs[0])


@way
def simulation():
    """A simulation zone: baked as a tower, then given the cube."""
    item = cube()
    modifier, group = geometry_nodes(item)
    begin, end = ends(group)
    first = group.nodes.new("GeometryNodeSimulationInput")
    last = group.nodes.new("GeometryNodeSimulationOutput")
    first.pair_with_output(last)
    group.links.new(tower(group), first.inputs["Geometry"])
    group.links.new(first.outputs["Geometry"], last.inputs["Geometry"])
    group.links.new(last.outputs["Geometry"], end.inputs[0])
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 1, 3
    bake_outside("simulation", item, modifier)
    group.links.new(begin.outputs[0], first.inputs["Geometry"])


@way
def multires():
    """A plane whose displacements lie in a .btx."""
    bpy.ops.mesh.primitive_cube_add(size=1.0)
    item = bpy.context.object
    modifier = item.modifiers.new("multires", "MULTIRES")
    for _ in range(3):
        bpy.ops.object.multires_subdivide(modifier=modifier.name, mode="SIMPLE")
    save("multires")
    shape = item.copy()
    shape.data = item.data.copy()
    bpy.context.scene.collection.objects.link(shape)
    shape.modifiers.clear()
    bpy.context.view_layer.objects.active = shape
    subdivided = shape.modifiers.new("finer", "SUBSURF")
    subdivided.subdivision_type, subdivided.levels = "SIMPLE", 3
    stretched = shape.modifiers.new("taller", "DISPLACE")
    stretched.strength = 2.0
    for name in ("finer", "taller"):
        bpy.ops.object.modifier_apply(modifier=name)
    bpy.ops.object.select_all(action="DESELECT")
    shape.select_set(True)
    item.select_set(True)
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.multires_reshape(modifier=modifier.name)
    bpy.data.objects.remove(shape)
    bpy.ops.object.multires_external_save(
        filepath=str(outside / "multires.btx"), modifier=modifier.name
    )


def external(cache, name):
    """Read a point cache from OUTSIDE; its files are moved there from where it was baked."""
    made = folder / f"blendcache_{name}"
    shutil.copytree(made, outside / name, dirs_exist_ok=True)
    shutil.rmtree(made)
    cache.use_external = True
    cache.filepath = str(outside / name)


def disk_cache(name, item, cache):
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 8
    cache.frame_start, cache.frame_end = 1, 8
    save(name)  # disk caches lie beside the file
    cache.use_disk_cache = True
    with bpy.context.temp_override(scene=scene, active_object=item, point_cache=cache):
        bpy.ops.ptcache.bake(bake=True)
    scene.frame_set(8)
    external(cache, name)


@way
def particles():
    item = cube()
    item.modifiers.new("particles", "PARTICLE_SYSTEM")
    settings = item.particle_systems[0].settings
    settings.count, settings.frame_end, settings.lifetime = 50, 2, 100
    settings.normal_factor = 8.0
    settings.render_type, settings.instance_object = "OBJECT", cube((0, 0, -30), 0.4)
    settings.particle_size = 1.0
    disk_cache("particles", item, item.particle_systems[0].point_cache)


@way
def cloth():
    bpy.ops.mesh.primitive_grid_add(size=2.0, x_subdivisions=6, y_subdivisions=6)
    item = bpy.context.object
    modifier = item.modifiers.new("cloth", "CLOTH")
    disk_cache("cloth", item, modifier.point_cache)


@way
def soft_body():
    item = cube()
    modifier = item.modifiers.new("soft", "SOFT_BODY")
    disk_cache("soft_body", item, modifier.point_cache)


@way
def fluid():
    """A domain that keeps its files outside, and would write them there."""
    item = cube(size=2.0)
    modifier = item.modifiers.new("fluid", "FLUID")
    modifier.fluid_type = "DOMAIN"
    domain = modifier.domain_settings
    domain.cache_type = "REPLAY"
    domain.cache_directory = str(outside / "fluid")


@way
def ocean():
    """A baked ocean, whose files lie outside."""
    item = cube()
    modifier = item.modifiers.new("ocean", "OCEAN")
    modifier.resolution, modifier.frame_start, modifier.frame_end = 4, 1, 2
    modifier.filepath = str(outside / "ocean")
    modifier.wave_scale = 8.0
    with bpy.context.temp_override(active_object=item, object=item):
        bpy.ops.object.ocean_bake(modifier=modifier.name)
    modifier.wave_scale = 0.1


@way
def mesh_cache():
    """A cube whose points lie in an .mdd."""
    item = cube()
    count = len(item.data.vertices)
    points = [8.0 * value for vertex in item.data.vertices for value in vertex.co]
    data = struct.pack(">2i", 1, count) + struct.pack(">f", 0.0)
    (outside / "points.mdd").write_bytes(data + struct.pack(f">{3 * count}f", *points))
    modifier = item.modifiers.new("cache", "MESH_CACHE")
    modifier.cache_format, modifier.filepath = "MDD", str(outside / "points.mdd")


@way
def alembic():
    """A mesh that an .abc has other points for."""
    item = cube()
    item.scale = (1.0, 1.0, 6.0)
    bpy.ops.object.transform_apply(scale=True)
    bpy.ops.wm.alembic_export(filepath=str(outside / "mesh.abc"), start=1, end=1)
    bpy.ops.cachefile.open(filepath=str(outside / "mesh.abc"))
    modifier = item.modifiers.new("cache", "MESH_SEQUENCE_CACHE")
    modifier.cache_file = bpy.data.cache_files[0]
    modifier.object_path = "/Cube/Cube"
    for vertex in item.data.vertices:
        vertex.co.z /= 6.0


@way
def import_node():
    """Geometry Nodes that read an STL and an OBJ."""
    item = cube()
    _, group = geometry_nodes(item)
    begin, end = ends(group)
    join = group.nodes.new("GeometryNodeJoinGeometry")
    group.links.new(begin.outputs[0], join.inputs[0])
    triangle = "facet normal 0 0 1\nouter loop\n{}endloop\nendfacet\n".format(
        "".join(f"vertex {x} {y} 3\n" for x, y in ((-3, 0), (3, 0), (0, 3)))
    )
    (outside / "shape.stl").write_text(f"solid a\n{triangle}endsolid a\n")
    (outside / "shape.obj").write_text("v -3 0 4\nv 3 0 4\nv 0 3 4\nf 1 2 3\n")
    for kind in ("STL", "OBJ"):
        node = group.nodes.new(f"GeometryNodeImport{kind}")
        node.inputs["Path"].default_value = str(outside / f"shape.{kind.lower()}")
        group.links.new(node.outputs[0], join.inputs[0])
    group.links.new(join.outputs[0], end.inputs[0])


@way
def font():
    bpy.ops.object.text_add()
    item = bpy.context.object
    item.data.body, item.data.extrude = "Wide", 0.2
    item.data.font = bpy.data.fonts.load(str(next(outside.glob("font.*"))))


@way
def volume():
    """A volume whose .vdb, if this Blender bakes one, lies outside."""
    cube()
    source = cube()
    modifier, group = geometry_nodes(source)
    _, end = ends(group)
    made = group.nodes.new("GeometryNodeVolumeCube")
    node = group.nodes.new("GeometryNodeBake")
    group.links.new(made.outputs[0], node.inputs[0])
    group.links.new(node.outputs[0], end.inputs[0])
    bake_outside("volume", source, modifier)
    bpy.data.objects.remove(source)
    (found,) = (outside / "volume").rglob("*.vdb")
    data = bpy.data.volumes.new("smoke")
    data.filepath = str(found)
    item = bpy.data.objects.new("smoke", data)
    item.location.z = 2.0
    bpy.context.scene.collection.objects.link(item)
    made, _ = painted(item)
    made.node_tree.nodes.clear()
    shader = made.node_tree.nodes.new("ShaderNodeVolumePrincipled")
    output = made.node_tree.nodes.new("ShaderNodeOutputMaterial")
    made.node_tree.links.new(shader.outputs[0], output.inputs["Volume"])


@way
def library():
    cube((0, 0, 3))
    bpy.ops.wm.save_as_mainfile(filepath=str(outside / "library.blend"), compress=False)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    cube()
    with bpy.data.libraries.load(str(outside / "library.blend"), link=True) as (there, here):
        here.objects = there.objects
    for item in here.objects:
        bpy.context.scene.collection.objects.link(item)


@way
def picture():
    textured(cube(), bpy.data.images.load(str(outside / "blue.png")))


@way
def sequence():
    image = bpy.data.images.load(str(outside / "blue_0001.png"))
    image.source = "SEQUENCE"
    user = textured(cube(), image).image_user
    user.frame_duration, user.frame_start, user.use_auto_refresh = 1, 1, True


@way
def movie():
    image = bpy.data.images.load(str(outside / "film.avi"))
    image.source = "MOVIE"
    user = textured(cube(), image).image_user
    user.frame_duration, user.use_auto_refresh = 1, True


@way
def clip():
    """A film that a camera and a constraint of an object use."""
    item = cube()
    found = bpy.data.movieclips.load(str(outside / "film.avi"))
    bpy.context.scene.active_clip = found
    constraint = item.constraints.new("OBJECT_SOLVER")
    constraint.clip = found


@way
def sound():
    item = cube()
    bpy.ops.object.speaker_add()
    bpy.context.object.data.sound = bpy.data.sounds.load(str(outside / "tone.wav"))
    item.keyframe_insert("location", frame=1)


@way
def lamp_profile():
    item = cube()
    made, surface = painted(item)
    node = made.node_tree.nodes.new("ShaderNodeTexIES")
    node.mode, node.filepath = "EXTERNAL", str(outside / "lamp.ies")
    made.node_tree.links.new(node.outputs[0], surface.inputs["Base Color"])


@way
def address():
    """A picture that is at an address of the network."""
    image = bpy.data.images.new("far", 4, 4)
    image.source = "FILE"
    image.filepath = f"http://127.0.0.1:{sys.argv[-1]}/blue.png"
    textured(cube(), image)


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{name}.blend"), compress=False)


outside.mkdir(exist_ok=True)
folder.mkdir(exist_ok=True)
bpy.ops.wm.read_factory_settings(use_empty=True)
media(outside)
for name, make in WAYS.items():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    try:
        make()
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        sys.stdout.write(f"LEFT OUT {name}: {type(error).__name__}: {error}\n")
        (folder / f"{name}.blend").unlink(missing_ok=True)
        continue
    save(name)
    sys.stdout.write(f"MADE {name}\n")
for backup in folder.glob("*.blend?"):
    backup.unlink()
sys.stdout.flush()
os._exit(0)
