"""Run inside Blender: writes a cube with something before it that colour images do not show.

holdouts.py FOLDER: a file NAME.blend for each of HOLDOUTS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import bpy

from tests.truth.blend_linked import save
from tests.truth.blend_parts import a_cube, collection, coloured, factory, layer_of, mesh_of, put

HALF, BEFORE = 0.3, 0.6
"""Half the side of the square, and its place on the X axis, which the camera looks along."""


def square(half: float = HALF, into: Any = None) -> Any:
    corners = [
        (BEFORE, y, z) for y, z in ((-half, -half), (half, -half), (half, half), (-half, half))
    ]
    return put("square", mesh_of(corners, [(0, 1, 2, 3)], coloured()), into)


def object_flag() -> None:
    square().is_holdout = True


def by_collection() -> None:
    made = collection("held out")
    square(into=made)
    layer_of(made).holdout = True


def by_material() -> None:
    material = bpy.data.materials.new("hole")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    hole, output = tree.nodes.new("ShaderNodeHoldout"), tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(hole.outputs[0], output.inputs["Surface"])
    square().data.materials[0] = material


def instance() -> Any:
    """An empty that shows a collection of the square."""
    made = bpy.data.collections.new("prototypes")
    square(into=made)
    empty = put("instance", None)
    empty.instance_type, empty.instance_collection = "COLLECTION", made
    return empty


def by_instancer() -> None:
    instance().is_holdout = True


def prototype() -> None:
    """Cycles asks the instancer alone: this one is shown."""
    instance()
    bpy.data.objects["square"].is_holdout = True


def around() -> None:
    """A holdout behind all of the cube, and larger."""
    item = square(3.0)
    item.location.x = -2.0
    item.is_holdout = True


def catcher() -> None:
    square(3.0).is_shadow_catcher = True


HOLDOUTS: dict[str, Callable[[], None]] = {
    "object": object_flag,
    "collection": by_collection,
    "material": by_material,
    "instancer": by_instancer,
    "prototype": prototype,
    "around": around,
    "catcher": catcher,
}


def main(folder: Path) -> None:
    for name, add in HOLDOUTS.items():
        factory()
        a_cube()
        add()
        save(folder / f"{name}.blend")


if __name__ == "__main__":
    main(Path(sys.argv[-1]).resolve())
