"""Run inside Blender: writes the cases that only Blender can write, .blend and FBX.

blends.py FOLDER: a folder for each case of BLENDS and FBX, the model in it.
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.truth import cube

FAR_AWAY = (30.0, 30.0, 0.0)


def factory() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)


def mesh_of(points: Any, faces: Any, material: Any = None) -> Any:
    mesh = bpy.data.meshes.new("mesh")
    mesh.from_pydata([tuple(point) for point in points], [], [list(face) for face in faces])
    if material is not None:
        mesh.materials.append(material)
    return mesh


def put(name: str, data: Any, collection: Any = None) -> Any:
    item = bpy.data.objects.new(name, data)
    (collection or bpy.context.scene.collection).objects.link(item)
    return item


def coloured() -> Any:
    """The material of the cubes: what their points say."""
    found = bpy.data.materials.get("coloured")
    if found is not None:
        return found
    material = bpy.data.materials.new("coloured")
    material.use_nodes = True
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeVertexColor")
    node.layer_name = "Col"
    surface = next(each for each in tree.nodes if each.type == "BSDF_PRINCIPLED")
    tree.links.new(node.outputs["Color"], surface.inputs["Base Color"])
    surface.inputs["Roughness"].default_value = 1.0
    return material


def cube_mesh(material: Any = None, *, painted: bool = True) -> Any:
    mesh = mesh_of(cube.POINTS, cube.QUADS, material or coloured())
    if painted:
        paint(mesh)
    layer = mesh.uv_layers.new(name="UVMap")
    layer.data.foreach_set("uv", cube.UVS.ravel())
    return mesh


def paint(mesh: Any) -> None:
    layer = mesh.color_attributes.new("Col", "FLOAT_COLOR", "CORNER")
    corners = np.column_stack([cube.linear(cube.COLOURS), np.ones(24)])
    layer.data.foreach_set("color", corners.ravel())


def a_cube(name: str = "cube", at: cube.Vector = (0.0, 0.0, 0.0), collection: Any = None) -> Any:
    item = put(name, cube_mesh(), collection)
    item.location = at
    return item


def collection(name: str) -> Any:
    made = bpy.data.collections.new(name)
    bpy.context.scene.collection.children.link(made)
    return made


def layer_of(made: Any) -> Any:
    return bpy.context.view_layer.layer_collection.children[made.name]


def picture_material(path: str) -> Any:
    """A material whose picture lies, as the file says, at `path`."""
    image = bpy.data.images.new("picture", 4, 4)
    image.source, image.filepath = "FILE", path
    material = bpy.data.materials.new("pictured")
    material.use_nodes = True
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    surface = next(each for each in tree.nodes if each.type == "BSDF_PRINCIPLED")
    tree.links.new(node.outputs["Color"], surface.inputs["Base Color"])
    return material


# Time


def keyed(item: Any) -> None:
    """Far away until frame 10, at 2 from frame 51 on; the file is saved there."""
    for frame, x in ((1, 30.0), (10, 30.0), (51, 2.0)):
        item.location[0] = x
        item.keyframe_insert("location", index=0, frame=frame)
    bpy.context.scene.frame_set(51)


def saved_at_51(_: Path) -> None:
    a_cube()
    keyed(a_cube("mover"))


def armature_at_51(_: Path) -> None:
    a_cube()
    armature = put("armature", bpy.data.armatures.new("armature"))
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.data.edit_bones.new("bone")
    bone.head, bone.tail = (0.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    bpy.ops.object.mode_set(mode="OBJECT")
    skinned = a_cube("skinned")
    skinned.vertex_groups.new(name="bone").add(list(range(24)), 1.0, "REPLACE")
    skinned.modifiers.new("bones", "ARMATURE").object = armature
    pose = armature.pose.bones["bone"]
    for frame, along in ((1, 30.0), (10, 30.0), (51, 2.0)):
        pose.location = (along, 0.0, 0.0)
        pose.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_set(51)


def shape_key_at_51(_: Path) -> None:
    """Both cubes in one mesh, the second moved by a shape key."""
    a_cube()
    mover = a_cube("mover", (2.0, 0.0, 0.0))
    mover.shape_key_add(name="Basis")
    key = mover.shape_key_add(name="far")
    for point in key.data:
        point.co.x += 28.0
    for frame, value in ((1, 1.0), (51, 0.0)):
        key.value = value
        key.keyframe_insert("value", frame=frame)
    bpy.context.scene.frame_set(51)


def parent_keyed(_: Path) -> None:
    a_cube()
    parent = put("parent", None)
    keyed(parent)
    a_cube("mover").parent = parent


def hidden_until_51(_: Path) -> None:
    """An object that only the saved frame shows, and one that it hides."""
    a_cube()
    for name, at, hidden in (
        ("shown", (2.0, 0.0, 0.0), (True, False)),
        ("gone", FAR_AWAY, (False, True)),
    ):
        item = a_cube(name, at)
        for frame, value in zip((1, 51), hidden):
            item.hide_render = value
            item.keyframe_insert("hide_render", frame=frame)
    bpy.context.scene.frame_set(51)


def driven(_: Path) -> None:
    """A driver without Python that moves a cube by another's place."""
    a_cube(at=(0.0, 0.0, 0.0))
    lever = put("lever", None)
    lever.location = (1.0, 0.0, 0.0)
    mover = a_cube("mover")
    curve = mover.driver_add("location", 0)
    curve.driver.type = "SUM"
    for _ in range(2):
        variable = curve.driver.variables.new()
        variable.type = "TRANSFORMS"
        variable.targets[0].id = lever
        variable.targets[0].transform_type = "LOC_X"
        variable.targets[0].transform_space = "WORLD_SPACE"


# Instances and constraints


def nodes_group(item: Any) -> Any:
    tree = bpy.data.node_groups.new("instances", "GeometryNodeTree")
    if hasattr(tree, "interface"):
        tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    else:
        tree.outputs.new("NodeSocketGeometry", "Geometry")
    item.modifiers.new("nodes", "NODES").node_group = tree
    return tree


def line_of_instances(
    item: Any, source: Any, kind: str, *, relative: bool = False, realised: bool = False
) -> None:
    """Three instances, two apart along x, of what a Collection or Object Info node tells."""
    tree = nodes_group(item)
    nodes, links = tree.nodes, tree.links
    line = nodes.new("GeometryNodeMeshLine")
    line.inputs["Count"].default_value = 3
    line.inputs["Offset"].default_value = (2.0, 0.0, 0.0)
    info = nodes.new(f"GeometryNode{kind}Info")
    info.inputs[kind].default_value = source
    info.transform_space = "RELATIVE" if relative else "ORIGINAL"
    instance = nodes.new("GeometryNodeInstanceOnPoints")
    links.new(line.outputs[0], instance.inputs["Points"])
    links.new(info.outputs[-1], instance.inputs["Instance"])
    last = instance.outputs[0]
    if realised:
        realise = nodes.new("GeometryNodeRealizeInstances")
        links.new(last, realise.inputs[0])
        last = realise.outputs[0]
    links.new(last, nodes.new("NodeGroupOutput").inputs[0])


def host() -> Any:
    return put("host", mesh_of([(0.0, 0.0, 0.0)], []))


def collection_info(_: Path) -> None:
    protos = collection("protos")
    a_cube("proto", collection=protos)
    line_of_instances(host(), protos, "Collection")


def collection_info_excluded(_: Path) -> None:
    protos = collection("protos")
    a_cube("proto", collection=protos)
    line_of_instances(host(), protos, "Collection", relative=True)
    layer_of(protos).exclude = True


def object_info(_: Path) -> None:
    line_of_instances(host(), a_cube("proto"), "Object")


def object_info_realised(_: Path) -> None:
    line_of_instances(host(), a_cube("proto"), "Object", relative=True, realised=True)


def host_is_scaled(_: Path) -> None:
    protos = collection("protos")
    a_cube("proto", collection=protos)
    item = host()
    item.scale = (0.01,) * 3
    item.rotation_euler = (0.0, 0.0, math.pi)
    line_of_instances(item, protos, "Collection")
    layer_of(protos).exclude = True


def collection_of_collections(_: Path) -> None:
    inner, outer = bpy.data.collections.new("inner"), bpy.data.collections.new("outer")
    a_cube("proto", collection=inner)
    for name, source, into, x in (
        ("a", inner, outer, 0.0),
        ("b", inner, outer, 2.0),
        ("c", outer, None, 0.0),
        ("d", outer, None, 4.0),
    ):
        item = put(name, None, into)
        item.instance_type, item.instance_collection = "COLLECTION", source
        item.location[0] = x


def instances_on_faces(_: Path) -> None:
    """Three faces, a cube on each; the faces themselves are not shown."""
    points = [
        (2 * n + x / 2, y / 2, 0.0)
        for n in range(3)
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    item = put(
        "faces", mesh_of(points, [[4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3] for n in range(3)])
    )
    item.instance_type = "FACES"
    item.show_instancer_for_render = item.show_instancer_for_viewport = False
    a_cube("proto").parent = item


def instance_and_prototype(_: Path) -> None:
    protos = collection("proto")
    a_cube(collection=protos)
    item = put("instance", None)
    item.instance_type, item.instance_collection = "COLLECTION", protos
    item.location = (3.0, 0.0, 0.0)


def limited(kind: str, **settings: Any) -> Callable[[Path], None]:
    """A cube that a constraint of the world's space brings to x = 2."""

    def make(_: Path) -> None:
        a_cube()
        item = a_cube("limited", (20.0, 0.0, 0.0))
        constraint = item.constraints.new(kind)
        target = put("target", None)
        target.location = (2.0, 0.0, 0.0)
        for name, value in settings.items():
            setattr(constraint, name, target if value == "TARGET" else value)

    return make


def child_of(_: Path) -> None:
    a_cube()
    target = put("target", None)
    target.location = (2.0, 0.0, 0.0)
    constraint = a_cube("child").constraints.new("CHILD_OF")
    constraint.target = target
    constraint.set_inverse_pending = False
    constraint.inverse_matrix = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))


# What nobody sees


def beside(*, points: Any, edges: Any = (), faces: Any = ()) -> Callable[[Path], None]:
    """The cube, and in its mesh more points, edges and faces: numbers from 24 on."""

    def make(_: Path) -> None:
        mesh = bpy.data.meshes.new("mesh")
        mesh.from_pydata(
            [*map(tuple, cube.POINTS), *points], list(edges), [*cube.QUADS.tolist(), *faces]
        )
        mesh.materials.append(coloured())
        layer = mesh.color_attributes.new("Col", "FLOAT_COLOR", "CORNER")
        corners = np.ones((len(mesh.loops), 4))
        corners[:24, :3] = cube.linear(cube.COLOURS)
        layer.data.foreach_set("color", corners.ravel())
        put("cube", mesh)

    return make


def other(change: Callable[[Any], None]) -> Callable[[Path], None]:
    """The cube, and one far away that `change` makes unseen."""

    def make(_: Path) -> None:
        a_cube()
        change(a_cube("other", FAR_AWAY))

    return make


def set_on_item(**settings: Any) -> Callable[[Any], None]:
    def change(item: Any) -> None:
        for name, value in settings.items():
            setattr(item, name, value)

    return change


def set_on_layer(name: str) -> Callable[[Any], None]:
    """Put it into a collection whose view layer's `name` is set."""

    def change(item: Any) -> None:
        bpy.context.scene.collection.objects.unlink(item)
        made = collection("other")
        made.objects.link(item)
        setattr(layer_of(made), name, True)

    return change


def in_hidden_collection(item: Any) -> None:
    bpy.context.scene.collection.objects.unlink(item)
    outer, inner = collection("outer"), bpy.data.collections.new("inner")
    outer.children.link(inner)
    inner.objects.link(item)
    outer.hide_render = True


def in_excluded_collection_inside(item: Any) -> None:
    bpy.context.scene.collection.objects.unlink(item)
    outer, inner = collection("outer"), bpy.data.collections.new("inner")
    outer.children.link(inner)
    inner.objects.link(item)
    layer_of(outer).children["inner"].exclude = True


def orphan(item: Any) -> None:
    bpy.context.scene.collection.objects.unlink(item)
    item.use_fake_user = True


def clear_shader(item: Any) -> None:
    material = bpy.data.materials.new("clear")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    clear, output = (
        tree.nodes.new("ShaderNodeBsdfTransparent"),
        tree.nodes.new("ShaderNodeOutputMaterial"),
    )
    tree.links.new(clear.outputs[0], output.inputs["Surface"])
    item.data.materials[0] = material


def clear_by_object_slot(item: Any) -> None:
    clear_shader(item)
    clear = item.data.materials[0]
    item.data.materials[0] = coloured()
    item.material_slots[0].link = "OBJECT"
    item.material_slots[0].material = clear


def only_edges(item: Any) -> None:
    item.data = bpy.data.meshes.new("edges")
    item.data.from_pydata([(0.0, 0.0, 0.0), (9.0, 0.0, 0.0)], [(0, 1)], [])


def thin_curve(item: Any) -> None:
    curve = bpy.data.curves.new("curve", "CURVE")
    curve.dimensions = "3D"
    spline = curve.splines.new("POLY")
    spline.points.add(2)
    put("curve", curve).location = item.location
    bpy.data.objects.remove(item)


def shadow_floor(item: Any) -> None:
    item.scale, item.location = (20.0, 20.0, 20.0), (0.0, 0.0, -10.5)
    item.is_shadow_catcher = True


def excluded_in_other_layer(_: Path) -> None:
    """Two view layers; the active one, the second, excludes what the first shows."""
    a_cube()
    made = collection("other")
    a_cube("other", FAR_AWAY, made)
    second = bpy.context.scene.view_layers.new("second")
    second.layer_collection.children["other"].exclude = True
    window = bpy.context.window
    if window is not None:
        window.view_layer = second
    else:
        layers = bpy.context.scene.view_layers
        layers[0].layer_collection.children["other"].exclude = True


def two_scenes(_: Path) -> None:
    a_cube()
    junk = bpy.data.scenes.new("an old version")  # before "Scene" by name
    item = bpy.data.objects.new("junk", cube_mesh())
    item.location, item.scale = FAR_AWAY, (4.0, 4.0, 4.0)
    junk.collection.objects.link(item)


def three_scenes(folder: Path) -> None:
    """The first and the last by name show other things."""
    two_scenes(folder)
    bpy.data.scenes["an old version"].copy().name = "Zoo"


# Files beside


def library(folder: Path) -> None:
    """model.blend links all it shows from lib/part.blend."""
    a_cube("part")
    (folder / "lib").mkdir()
    save(folder / "lib/part.blend")
    link_from(folder, "lib/part.blend")


def link_from(folder: Path, name: str, scene: str = "") -> None:
    factory()
    with bpy.data.libraries.load(str(folder / name), link=True) as (there, here):
        here.objects = list(there.objects)
    for item in here.objects:
        bpy.context.scene.collection.objects.link(item)
    save(folder / "model.blend", relative=True)


def library_moved(folder: Path) -> None:
    """It says lib/part.blend, which lies in the same folder."""
    library(folder)
    shutil.move(folder / "lib/part.blend", folder / "Part.blend")


def library_gone(folder: Path) -> None:
    """Some of what it shows is linked from a file that is not there."""
    a_cube("part", FAR_AWAY)
    save(folder / "part.blend")
    factory()
    a_cube()
    with bpy.data.libraries.load(str(folder / "part.blend"), link=True) as (there, here):
        here.objects = list(there.objects)
    bpy.context.scene.collection.objects.link(here.objects[0])
    save(folder / "model.blend", relative=True)
    (folder / "part.blend").unlink()


def library_outside(folder: Path) -> None:
    """It links from a file beside the root of all cases."""
    a_cube("part")
    save(folder.parents[1] / "outside.blend")
    link_from(folder, "../../outside.blend")


def pictured(path: str, *files: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        put("cube", cube_mesh(picture_material(path)))
        beside_it(folder, files)

    return make


def beside_it(folder: Path, files: Any) -> None:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(cube.picture())


def save(path: Path, *, relative: bool = False) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=False, relative_remap=False)
    if relative:
        bpy.ops.file.make_paths_relative()
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=False, relative_remap=False)
    for backup in path.parent.glob("*.blend1"):
        backup.unlink()


# FBX


def fbx(path: str, *files: str) -> Callable[[Path], None]:
    """An FBX that says its picture lies at `path`, with `files` beside it."""

    def make(folder: Path) -> None:
        picture = folder.parent / f"{'x' * 40}.png"  # longer than any name to be written
        picture.write_bytes(cube.picture())
        put("cube", cube_mesh(picture_material(str(picture)), painted=False))
        bpy.ops.export_scene.fbx(filepath=str(folder / "model.fbx"), path_mode="ABSOLUTE")
        said = (folder / "model.fbx").read_bytes()
        (folder / "model.fbx").write_bytes(_renamed(said, str(picture).encode(), path.encode()))
        picture.unlink()
        beside_it(folder, files)

    return make


def _renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """`new` in the place of `old`, of the same length: what is left over lies before it."""
    assert old in data, old
    room = len(old) - len(new)
    assert room >= 0, (old, new)
    return data.replace(old, _padded(new, room, b"\\" if b"\\" in new else b"/"))


def _padded(path: bytes, room: int, slash: bytes) -> bytes:
    """`path` with `room` more bytes in the name of its first folder."""
    first, mark, rest = path.partition(slash)
    if not first:  # absolute: the folder after the root
        second, mark, rest = rest.partition(slash)
        return slash + second + b"p" * room + mark + rest
    if first.endswith(b":"):
        second, end, rest = rest.partition(slash)
        return first + mark + second + b"p" * room + end + rest
    return first + b"p" * room + mark + rest


def fbx_colours(_: Path) -> None:
    material = bpy.data.materials.new("plain")
    material.use_nodes = True
    put("cube", cube_mesh(material))


BLENDS: dict[str, Callable[[Path], None]] = {
    "time-key": saved_at_51,
    "time-armature": armature_at_51,
    "time-shape-key": shape_key_at_51,
    "time-parent": parent_keyed,
    "time-visibility": hidden_until_51,
    "time-driver": driven,
    "instance-collection-info": collection_info,
    "instance-collection-info-excluded": collection_info_excluded,
    "instance-object-info": object_info,
    "instance-object-info-realised": object_info_realised,
    "instance-host-scaled": host_is_scaled,
    "instance-nested": collection_of_collections,
    "instance-faces": instances_on_faces,
    "instance-and-prototype": instance_and_prototype,
    "limit-location": limited("LIMIT_LOCATION", use_max_x=True, max_x=2.0),
    "limit-copy": limited("COPY_LOCATION", target="TARGET"),
    "limit-distance": limited("LIMIT_DISTANCE", target="TARGET", distance=1e-4),
    "limit-floor": limited("FLOOR", target="TARGET", floor_location="FLOOR_NEGATIVE_X"),
    "limit-child-of": child_of,
    "unseen-edge": beside(points=[(30.0, 30.0, 0.0)], edges=[(0, 24)]),
    "unseen-vertices": beside(points=[(30.0, 30.0, 0.0), (-40.0, 0.0, 9.0)]),
    "unseen-only-edges": other(only_edges),
    "unseen-curve": other(thin_curve),
    "unseen-camera": other(set_on_item(visible_camera=False)),
    "unseen-render": other(set_on_item(hide_render=True)),
    "unseen-holdout": other(set_on_item(is_holdout=True)),
    "unseen-holdout-collection": other(set_on_layer("holdout")),
    "unseen-indirect-collection": other(set_on_layer("indirect_only")),
    "unseen-clear": other(clear_shader),
    "unseen-clear-slot": other(clear_by_object_slot),
    "unseen-shadow-catcher": other(shadow_floor),
    "unseen-excluded": other(set_on_layer("exclude")),
    "unseen-excluded-inside": other(in_excluded_collection_inside),
    "unseen-hidden-collection": other(in_hidden_collection),
    "unseen-orphan": other(orphan),
    "unseen-other-layer": excluded_in_other_layer,
    "unseen-other-scene": two_scenes,
    "unseen-three-scenes": three_scenes,
    "library-below": library,
    "library-moved": library_moved,
    "library-gone": library_gone,
    "library-outside": library_outside,
    "blend-windows": pictured("C:\\Users\\me\\blend1.png", "blend1.png"),
    "blend-backslashes": pictured("//..\\wrong\\blend2.png", "deep/er/blend2.png"),
    "blend-posix": pictured("/home/me/art/Blend3.PNG", "textures/blend3.png"),
    "blend-two": pictured("//blend4.png", "a/blend4.png", "b/blend4.png"),
    "blend-tail": pictured("//old/a/blend5.png", "a/blend5.png", "b/blend5.png"),
}
FBX: dict[str, Callable[[Path], None]] = {
    "fbx-beside": fbx("C:\\Users\\me\\Desktop\\fbx1.png", "fbx1.png"),
    "fbx-textures": fbx("C:\\Users\\me\\Desktop\\fbx2.png", "textures/fbx2.png"),
    "fbx-case": fbx("C:\\Users\\me\\Desktop\\fbx3.png", "Fbx3.PNG"),
    "fbx-posix": fbx("/home/me/fbx4.png", "maps/fbx4.png"),
    "fbx-tail": fbx("C:\\me\\skin\\fbx5.png", "skin/fbx5.png", "other/fbx5.png"),
    "fbx-two": fbx("C:\\Users\\me\\Desktop\\fbx6.png", "a/fbx6.png", "b/fbx6.png"),
    "fbx-gone": fbx("C:\\Users\\me\\Desktop\\fbx7.png"),
    "fbx-colours": fbx_colours,
}


def main(folder: Path) -> None:
    for name, make in {**BLENDS, **FBX}.items():
        factory()
        place = folder / name
        place.mkdir(parents=True)
        make(place)
        if name in BLENDS and not name.startswith("library"):
            save(place / "model.blend")
        elif name in FBX and not (place / "model.fbx").exists():
            bpy.ops.export_scene.fbx(filepath=str(place / "model.fbx"))


if __name__ == "__main__":
    main(Path(sys.argv[-1]).resolve())
