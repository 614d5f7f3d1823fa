"""Instances, and constraints of the world's space; for Blender."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from tests.truth.blend_parts import a_cube, collection, layer_of, mesh_of, put


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
