"""Run inside Blender: writes .blend files of random scenes, and what of each can be seen.

random_scenes.py FOLDER COUNT: for each number a NUMBER.blend, and NUMBER.json with the corners of
the box around all that its saved frame shows, in its own units. The corners are worked out from
the parts' own points, and the modifiers' laws: nothing of Blender's evaluation is used.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import mathutils
import numpy as np

FRAME = 7
UNITS = (1e-7, 1e-4, 1e-2, 1.0, 1e2, 1e4, 1e7)
Points = Any
"""(N,3), a part's own."""


class Scene:
    """Grows by parts; `seen` are the world's points that bound what is seen."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.unit = draw.choice(UNITS)
        self.shift = np.array([draw.uniform(-1, 1) for _ in range(3)])
        self.shift *= draw.choice((0.0, 10.0, 300.0))
        self.seen: list[Points] = []

    def matrix(self, *, mirrored: bool = True) -> Any:
        """Of a drawn place, turn and size, 4x4; the sizes differ by axis and may be negative."""
        draw = self.draw
        place = [draw.uniform(-3.0, 3.0) for _ in range(3)]
        turn = euler([draw.uniform(-math.pi, math.pi) for _ in range(3)])
        sizes = [
            draw.uniform(0.3, 2.0) * (draw.choice((-1, 1)) if mirrored else 1) for _ in range(3)
        ]
        made = np.eye(4)
        made[:3, :3] = turn * sizes
        made[:3, 3] = place
        return made

    def world(self) -> Any:
        """The matrix that everything stands under: the scene's unit, and its place."""
        made = np.eye(4) * self.unit
        made[:3, 3] = self.shift * self.unit
        made[3, 3] = 1.0
        return made


def euler(angles: list[float]) -> Any:
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        c, s = math.cos(angle), math.sin(angle)
        a, b = [(1, 2), (2, 0), (0, 1)][axis]
        one = np.eye(3)
        one[a, a] = one[b, b] = c
        one[a, b], one[b, a] = -s, s
        turn = one @ turn
    return turn


def moved(points: Points, matrix: Any) -> Points:
    return points @ matrix[:3, :3].T + matrix[:3, 3]


CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
FACES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def box_mesh(corners: Points = CORNERS) -> Any:
    mesh = bpy.data.meshes.new("box")
    mesh.from_pydata([tuple(point) for point in corners], [], FACES)
    return mesh


def put(data: Any, matrix: Any, parent: Any = None, into: Any = None) -> Any:
    item = bpy.data.objects.new("item", data)
    (into or bpy.context.scene.collection).objects.link(item)
    item.parent = parent
    set_matrix(item, matrix)
    return item


def set_matrix(item: Any, matrix: Any) -> None:
    """As its own place, turn and size, which no shear is left of."""
    item.matrix_basis = mathutils.Matrix(matrix.tolist())


# The kinds of parts; each returns the world's points that it adds


def plain(scene: Scene, above: Any, parent: Any) -> Points:
    own = scene.matrix()
    put(box_mesh(), own, parent)
    return moved(CORNERS, above @ own)


def child_of_scaled(scene: Scene, above: Any, parent: Any) -> Points:
    """Under a parent of uneven size: the child is sheared."""
    first, second = scene.matrix(), scene.matrix()
    holder = put(None, first, parent)
    put(box_mesh(), second, holder)
    return moved(CORNERS, above @ first @ second)


def array(scene: Scene, above: Any, parent: Any) -> Points:
    own = scene.matrix()
    item = put(box_mesh(), own, parent)
    modifier = item.modifiers.new("array", "ARRAY")
    modifier.count = 3
    modifier.use_relative_offset, modifier.use_constant_offset = False, True
    step = [scene.draw.uniform(-2.0, 2.0) for _ in range(3)]
    modifier.constant_offset_displace = step
    copies = [CORNERS + np.array(step) * number for number in range(3)]
    return moved(np.concatenate(copies), above @ own)


def mirror(scene: Scene, above: Any, parent: Any) -> Points:
    own = scene.matrix()
    corners = CORNERS + np.array([1.5, 0.0, 0.0])
    item = put(box_mesh(corners), own, parent)
    item.modifiers.new("mirror", "MIRROR").use_axis = (True, False, False)
    return moved(np.concatenate([corners, corners * [-1, 1, 1]]), above @ own)


def solidify(scene: Scene, above: Any, parent: Any) -> Points:
    """A square given a thickness on one side."""
    own = scene.matrix()
    square = np.array([[-0.5, -0.5, 0.0], [0.5, -0.5, 0.0], [0.5, 0.5, 0.0], [-0.5, 0.5, 0.0]])
    mesh = bpy.data.meshes.new("square")
    mesh.from_pydata([tuple(point) for point in square], [], [(0, 1, 2, 3)])
    modifier = put(mesh, own, parent).modifiers.new("solidify", "SOLIDIFY")
    modifier.thickness, modifier.offset = 0.4, -1.0
    return moved(np.concatenate([square, square - [0.0, 0.0, 0.4]]), above @ own)


def subdivided(scene: Scene, above: Any, parent: Any) -> Points:
    """Simple subdivision changes no outline; the render's level is not the viewport's."""
    own = scene.matrix()
    modifier = put(box_mesh(), own, parent).modifiers.new("subsurf", "SUBSURF")
    modifier.subdivision_type = "SIMPLE"
    modifier.levels, modifier.render_levels = 0, 2
    return moved(CORNERS, above @ own)


def instances(scene: Scene, above: Any, parent: Any) -> Points:
    """A collection shown twice, its own offset counted, and not shown itself."""
    group = bpy.data.collections.new("group")
    inside = scene.matrix()
    put(box_mesh(), inside, None, group)
    offset = [scene.draw.uniform(-1.0, 1.0) for _ in range(3)]
    group.instance_offset = offset
    found = []
    for _ in range(2):
        own = scene.matrix()
        item = put(None, own, parent)
        item.instance_type, item.instance_collection = "COLLECTION", group
        found.append(moved(moved(CORNERS, inside) - offset, above @ own))
    return np.concatenate(found)


def keyed(scene: Scene, above: Any, parent: Any) -> Points:
    """Somewhere far off in every frame but the one that was saved."""
    own = scene.matrix()
    item = put(box_mesh(), own, parent)
    place = own[:3, 3].copy()
    for frame, far in ((1, 40.0), (FRAME, 0.0), (13, -40.0)):
        item.location = place + far
        item.keyframe_insert("location", frame=frame)
    return moved(CORNERS, above @ own)


def unseen(scene: Scene, above: Any, parent: Any) -> Points:
    """Far away, and of a kind that nobody sees."""
    own = scene.matrix()
    own[:3, 3] += 50.0
    item = put(box_mesh(), own, parent)
    kind = scene.draw.choice(("render", "camera", "catcher", "edges"))
    if kind == "render":
        item.hide_render = True
    elif kind == "camera":
        item.visible_camera = False
    elif kind == "catcher":
        item.is_shadow_catcher = True
    else:
        mesh = bpy.data.meshes.new("edge")
        mesh.from_pydata([(0.0, 0.0, 0.0), (9.0, 0.0, 0.0)], [(0, 1)], [])
        item.data = mesh
    return np.empty((0, 3))


PARTS: tuple[Callable[[Scene, Any, Any], Points], ...] = (
    plain, child_of_scaled, array, mirror, solidify, subdivided, instances, keyed, unseen,
)  # fmt: skip


def write(folder: Path, number: int) -> None:
    """Draw scene `number`. Every kind of part comes once in so many scenes."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    draw = random.Random(number)
    scene = Scene(draw)
    above = scene.world()
    parent = put(None, above)
    kinds = [plain, PARTS[number % len(PARTS)], *draw.choices(PARTS, k=2)]
    for kind in kinds:
        scene.seen.append(kind(scene, above, parent))
    bpy.context.scene.frame_set(FRAME)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{number}.blend"), compress=False)
    seen = np.concatenate(scene.seen)
    told = {
        "low": seen.min(axis=0).tolist(), "high": seen.max(axis=0).tolist(), "unit": scene.unit,
        "shift": scene.shift.tolist(), "parts": [kind.__name__ for kind in kinds],
        "corners": seen.tolist(),
    }  # fmt: skip
    (folder / f"{number}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    for made in range(int(sys.argv[-1])):
        write(Path(sys.argv[-2]), made)
