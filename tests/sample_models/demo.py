"""The demonstration: one small object per common format."""

from __future__ import annotations

import math
from typing import Any, Callable

import bpy
import numpy as np

from tests.sample_models import shapes
from tests.sample_models.parts import add, finish_of
from tests.sample_models.shapes import arc, lathe

WALNUT = ("walnut", (0.10, 0.035, 0.015), 0.0, 0.35)
BRASS = ("brass", (0.85, 0.55, 0.18), 0.6, 0.35)
WHITE = ("white", (0.85, 0.85, 0.82), 0.0, 0.4)
RED = ("red", (0.65, 0.03, 0.03), 0.0, 0.4)
BLUE = ("blue", (0.05, 0.25, 0.70), 0.0, 0.2)
STEEL = ("steel", (0.25, 0.27, 0.30), 0.5, 0.4)
CREAM = ("cream", (0.80, 0.65, 0.45), 0.0, 0.7)
TEAL = ("teal", (0.02, 0.35, 0.35), 0.0, 0.35)
PINK = ("pink", (0.85, 0.15, 0.35), 0.0, 0.5)


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


DEMO: dict[str, Callable[[], None]] = {
    "pawn.glb": pawn,
    "rocket.glb": rocket,
    "crate.obj": crate,
    "monkey.fbx": monkey,
    "gear.stl": gear,
    "knot.ply": knot,
    "mushroom.gltf": mushroom,
}
"""File name to what builds its scene; the suffix chooses the exporter."""
