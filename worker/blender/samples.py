"""Small sample objects, one per common format, made with bpy; the same bytes each time.

python -m worker.blender.samples DIR
blender -b --factory-startup --python worker/blender/program.py -- samples DIR
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import hashlib
import math
import os
import sys
import traceback
from pathlib import Path
from typing import Any, Callable

import bpy
import numpy as np

from worker.blender import compat, scene, shapes
from worker.blender.shapes import Shape, arc, lathe

WALNUT = ("walnut", (0.10, 0.035, 0.015), 0.0, 0.35)
BRASS = ("brass", (0.85, 0.55, 0.18), 0.6, 0.35)
WHITE = ("white", (0.85, 0.85, 0.82), 0.0, 0.4)
RED = ("red", (0.65, 0.03, 0.03), 0.0, 0.4)
BLUE = ("blue", (0.05, 0.25, 0.70), 0.0, 0.2)
STEEL = ("steel", (0.25, 0.27, 0.30), 0.5, 0.4)
CREAM = ("cream", (0.80, 0.65, 0.45), 0.0, 0.7)
TEAL = ("teal", (0.02, 0.35, 0.35), 0.0, 0.35)
PINK = ("pink", (0.85, 0.15, 0.35), 0.0, 0.5)
Finish = tuple[str, tuple[float, float, float], float, float]
"""A material: name, linear RGB, metallic, roughness."""


def pawn() -> None:
    """A chess pawn of walnut with brass rings."""
    base = [(0.0, 0.0), *arc(0.32, 0.07, 0.07, -90, 90)]
    body = [(0.30, 0.19)]
    body += [(0.11 + 0.16 * (1 - t / 20) ** 2.4, 0.19 + 0.51 * t / 20) for t in range(21)]
    head = [*arc(0.0, 0.93, 0.19, -70, 90, 24)]
    add("base", lathe(base), WALNUT)
    add("band", lathe(arc(0.27, 0.165, 0.035, -90, 90)), BRASS)
    add("body", lathe(body), WALNUT)
    add("collar", lathe([(0.05, 0.69), *arc(0.16, 0.72, 0.035, -90, 90), (0.05, 0.76)]), BRASS)
    add("head", lathe(head), WALNUT)


def rocket() -> None:
    """A toy rocket with three fins and a porthole."""
    hull = [(0.30 - 0.12 * ((t - 9) / 9) ** 2, 0.2 + 0.08 * t) for t in range(19)]
    nose = [(0.18 * math.cos(t / 16 * math.pi / 2), 1.64 + 0.42 * t / 16) for t in range(17)]
    nozzle = [(0.0, 0.08), (0.20, 0.04), (0.13, 0.2)]
    add("hull", lathe(hull), WHITE)
    add("nose", lathe(nose), RED)
    add("nozzle", lathe(nozzle), STEEL)
    fin = [(0.15, 0.75), (0.17, 0.22), (0.52, -0.05), (0.55, 0.22), (0.40, 0.5)]
    for number in range(3):
        item = add("fin", shapes.prism(fin, 0.05), RED)
        item.rotation_euler = (math.pi / 2, 0.0, number * 2 * math.pi / 3)
    porthole = [*arc(0.115, 0.0, 0.03, 0, 360, 16)]
    for name, shape, finish in (
        ("rim", lathe(porthole, 32), BRASS),
        ("glass", lathe([(0.12, 0.0), (0.07, 0.025), (0.0, 0.03)], 32), BLUE),
    ):
        item = add(name, shape, finish)
        item.location = (0.0, -0.285, 1.1)
        item.rotation_euler = (math.pi / 2 - 0.08, 0.0, 0.0)


def crate() -> None:
    """A wooden crate with a painted texture on each side."""
    bpy.ops.mesh.primitive_cube_add(size=1.0)
    item: Any = bpy.context.object
    item.name = item.data.name = "crate"
    for loop in item.data.uv_layers[0].data:
        loop.uv = (0.0, 0.0)
    for polygon in item.data.polygons:
        corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        for loop, corner in zip(polygon.loop_indices, corners):
            item.data.uv_layers[0].data[loop].uv = corner
    pixels = shapes.planks()
    picture: Any = bpy.data.images.new("crate", pixels.shape[1], pixels.shape[0])
    picture.pixels.foreach_set(pixels.ravel().astype(np.float32))
    material = finish_of(CREAM)
    texture: Any = material.node_tree.nodes.new("ShaderNodeTexImage")
    texture.image = picture
    surface = material.node_tree.nodes["Principled BSDF"]
    material.node_tree.links.new(texture.outputs["Color"], surface.inputs["Base Color"])
    item.data.materials.append(material)


def monkey() -> None:
    """Suzanne in a party hat."""
    bpy.ops.mesh.primitive_monkey_add()
    item: Any = bpy.context.object
    item.modifiers.new("smooth", "SUBSURF").levels = 1
    item.data.polygons.foreach_set("use_smooth", [True] * len(item.data.polygons))
    item.data.materials.append(finish_of(TEAL))
    for name, shape, finish in (
        ("hat", lathe([(0.42, 0.0), (0.0, 0.9)], 40), PINK),
        ("pompom", lathe(arc(0.0, 0.92, 0.12, -90, 90, 16), 24), WHITE),
    ):
        part = add(name, shape, finish)
        part.location = (0.0, 0.05, 0.85)
        part.rotation_euler = (-0.25, 0.0, 0.0)


def gear() -> None:
    """A spur gear; STL knows no colour."""
    add("gear", shapes.gear(), None)


def knot() -> None:
    """A trefoil knot with the rainbow in its vertex colours."""
    add("knot", shapes.knot(), None)


def mushroom() -> None:
    """A toadstool."""
    stem = [(0.20 - 0.08 * math.sin(t / 12 * math.pi / 2), 0.7 * t / 12) for t in range(13)]
    add("stem", lathe([(0.0, 0.0), *stem]), CREAM)
    under = [(0.08, 0.66), (0.58, 0.60)]
    add("gills", lathe(under), CREAM)
    cap = [
        (0.60 * math.cos(t / 20 * math.pi / 2), 0.60 + 0.48 * math.sin(t / 20 * math.pi / 2))
        for t in range(21)
    ]
    add("cap", lathe([(0.58, 0.60), *cap]), RED)
    for number in range(11):
        rise, turn = (0.35 + 0.5 * (number * 0.618 % 1)) * math.pi / 2, number * 2.4
        spot = lathe(arc(0.0, 0.0, 0.05 + 0.03 * (number % 3) / 2, -90, 90, 10), 20)
        item = add("spot", spot, WHITE)
        level = 0.58 * math.cos(rise)
        item.location = (
            level * math.cos(turn), level * math.sin(turn), 0.60 + 0.46 * math.sin(rise)
        )  # fmt: skip


BUILDERS: dict[str, Callable[[], None]] = {
    "pawn.glb": pawn,
    "rocket.glb": rocket,
    "crate.obj": crate,
    "monkey.fbx": monkey,
    "gear.stl": gear,
    "knot.ply": knot,
    "mushroom.gltf": mushroom,
}
"""File name to what builds its scene; the suffix chooses the exporter."""


def make(name: str, folder: Path) -> Path:
    """Make sample `name`, a key of BUILDERS, in `folder`, and its side files; returns the model.

    Raises: RuntimeError when this Blender cannot export the format.
    """
    scene.clean()
    BUILDERS[name]()
    path = folder.resolve() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for image in bpy.data.images:
        if image.source == "GENERATED" and image.has_data:
            image.filepath_raw = str(path.with_suffix(".png"))
            image.file_format = "PNG"
            image.save()
    if path.suffix == ".fbx":
        _fix_fbx()
    compat.run_exporter(path.suffix[1:], str(path))
    return path


def add(name: str, shape: Shape, finish: Finish | None) -> Any:
    """A new object of `shape` in the scene."""
    mesh: Any = bpy.data.meshes.new(name)
    mesh.from_pydata(shape.points.tolist(), [], shape.faces)
    mesh.polygons.foreach_set("use_smooth", [shape.smooth] * len(mesh.polygons))
    if shape.colours is not None:
        colours = mesh.color_attributes.new("Col", "BYTE_COLOR", "CORNER")
        corners = np.empty(len(mesh.loops), dtype=np.int32)
        mesh.loops.foreach_get("vertex_index", corners)
        colours.data.foreach_set("color", shape.colours[corners].ravel().astype(np.float32))
    if finish is not None:
        mesh.materials.append(finish_of(finish))
    item = bpy.data.objects.new(name, mesh)
    context: Any = bpy.context
    context.scene.collection.objects.link(item)
    return item


def finish_of(finish: Finish) -> Any:
    """The scene's one material of `finish`."""
    name, colour, metallic, roughness = finish
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    material: Any = bpy.data.materials.new(name)
    material.use_nodes = True
    material.diffuse_color = (*colour, 1.0)
    material.metallic, material.roughness = metallic, roughness
    surface = material.node_tree.nodes["Principled BSDF"]
    for socket, value in (
        ("Base Color", (*colour, 1.0)),
        ("Metallic", metallic),
        ("Roughness", roughness),
    ):
        surface.inputs[socket].default_value = value
    return material


def _fix_fbx() -> None:
    """Keep the clock and Python's random hashes out of the FBX exporter's files."""
    from io_scene_fbx import export_fbx_bin, fbx_utils  # type: ignore[import-not-found]

    header = export_fbx_bin.fbx_header_elements
    if not isinstance(header, functools.partial):
        moment = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017 - Python 3.10
        export_fbx_bin.fbx_header_elements = functools.partial(header, time=moment)

    def key_to_uuid(taken: Any, key: Any) -> Any:
        number = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:4], "big")
        while number in taken:
            number += 1
        return fbx_utils.UUID(number)

    fbx_utils._key_to_uuid = key_to_uuid  # noqa: SLF001 - no other way to steady its numbers
    fbx_utils._keys_to_uuids.clear()  # noqa: SLF001
    fbx_utils._uuids_to_keys.clear()  # noqa: SLF001


def main(arguments: list[str]) -> None:
    """Make every sample, or those named, in a folder; never returns."""
    status = 1
    try:
        parser = argparse.ArgumentParser(prog="worker.blender.samples", description=__doc__)
        parser.add_argument("folder", type=Path)
        parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BUILDERS))
        given = parser.parse_args(arguments)
        compat.start()
        for name in given.names or BUILDERS:
            make(name, given.folder)
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here, seen
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
