"""Generates the benchmarks' models: python -m bench.blender.models FOLDER KIND COUNT.

The models are the same each time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from tests.sample_models.demo import DEMO
from tests.sample_models.exporters import run_exporter
from tests.sample_models.parts import finish_of
from worker.blender import compat
from worker.blender.views import scene

PLAIN_FACES = 1_300_000
CAGE_FACES = 100_000
FINISH = ("clay", (0.5, 0.3, 0.2), 0.0, 0.5)


def small(folder: Path, number: int) -> None:
    """Write one of the demo shapes, randomly stretched and rotated, as an .obj.

    Every Blender has a C++ importer for .obj; Debian's Blender cannot read glTF.
    """
    scene.clean()
    list(DEMO.values())[number % len(DEMO)]()
    chance = np.random.default_rng(number)
    frame = bpy.data.objects.new("frame", None)
    current: Any = bpy.context.scene
    for item in [item for item in current.objects if item.parent is None]:
        item.parent = frame
    current.collection.objects.link(frame)
    frame.scale = chance.uniform(0.7, 1.4, 3).tolist()
    frame.rotation_euler = chance.uniform(-3.0, 3.0, 3).tolist()
    run_exporter("obj", str(folder / f"small-{number:03d}.obj"), {})


def plain(folder: Path, number: int) -> None:
    """Write a bumpy sphere of about PLAIN_FACES faces as a .ply."""
    scene.clean()
    _sphere(PLAIN_FACES, number)
    run_exporter("ply", str(folder / f"plain-{number:03d}.ply"), {})


def subdivided(folder: Path, number: int) -> None:
    """Write a bumpy sphere of about CAGE_FACES triangles with two subdivision levels as a .blend.

    It has triangles, as nearly all models on the internet; quads subdivide much faster.
    """
    scene.clean()
    item = _sphere(CAGE_FACES // 2, number)
    context: Any = bpy.context
    context.view_layer.objects.active = item
    item.modifiers.new("triangles", "TRIANGULATE")
    bpy.ops.object.modifier_apply(modifier="triangles")
    modifier: Any = item.modifiers.new("smooth", "SUBSURF")
    modifier.levels = modifier.render_levels = 2
    operators: Any = bpy.ops.wm
    path = folder / f"subdivided-{number:03d}.blend"
    operators.save_as_mainfile(filepath=str(path), compress=False, check_existing=False)


def _sphere(faces: int, number: int) -> Any:
    rings = int((faces / 2) ** 0.5)
    columns = 2 * rings
    rise, turn = np.meshgrid(
        np.linspace(0.01, np.pi - 0.01, rings + 1),
        np.linspace(0.0, 2 * np.pi, columns, endpoint=False),
        indexing="ij",
    )
    radius = 1.0 + 0.1 * np.sin((5 + number) * rise) * np.cos((7 + number) * turn)
    points = np.stack(
        [np.sin(rise) * np.cos(turn), np.sin(rise) * np.sin(turn), np.cos(rise)], axis=-1
    ) * radius[..., None]  # fmt: skip
    ring, column = np.meshgrid(np.arange(rings), np.arange(columns), indexing="ij")
    after = (column + 1) % columns
    corners = np.stack(
        [ring * columns + column, (ring + 1) * columns + column, (ring + 1) * columns + after,
         ring * columns + after], axis=-1
    )  # fmt: skip
    mesh: Any = bpy.data.meshes.new("sphere")
    mesh.vertices.add(points.size // 3)
    mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
    mesh.loops.add(corners.size)
    mesh.loops.foreach_set("vertex_index", corners.astype(np.int32).ravel())
    mesh.polygons.add(corners.size // 4)
    mesh.polygons.foreach_set("loop_start", np.arange(0, corners.size, 4, dtype=np.int32))
    mesh.update(calc_edges=True)
    mesh.materials.append(finish_of(FINISH))
    item = bpy.data.objects.new("sphere", mesh)
    current: Any = bpy.context.scene
    current.collection.objects.link(item)
    return item


KINDS: dict[str, Callable[[Path, int], None]] = {
    "small": small,
    "plain": plain,
    "subdivided": subdivided,
}

if __name__ == "__main__":
    target, kind, count = sys.argv[1:]
    compat.start()
    for index in range(int(count)):
        KINDS[kind](Path(target), index)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # Blender may crash during its clean-up
