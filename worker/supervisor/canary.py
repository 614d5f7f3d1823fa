"""A known good object: if it does not render, the node is to blame, not the objects."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from worker.contract import recipe as recipes
from worker.contract.engines import CYCLES
from worker.contract.protocol import RenderObject
from worker.contract.recipe import Recipe

UID = "canary"
CUBE = """\
v -1 -1 -1
v -1 -1 1
v -1 1 -1
v -1 1 1
v 1 -1 -1
v 1 -1 1
v 1 1 -1
v 1 1 1
f 1 2 4 3
f 3 4 8 7
f 7 8 6 5
f 5 6 2 1
f 3 7 5 1
f 8 4 2 6
"""


def request(folder: Path, engine: str = CYCLES) -> RenderObject:
    """Write a cube below `folder`; returns the request for one view of 16x16 with one sample.

    The folder must be in the child's home, the only place where it may write.
    """
    root, scratch = folder / "model", folder / "raw"
    root.mkdir(parents=True, exist_ok=True)
    scratch.mkdir(parents=True, exist_ok=True)
    (root / "cube.obj").write_text(CUBE)
    recipe = dataclasses.replace(Recipe(), name=UID, views=1, resolution=(16, 16), samples=1)
    recipe = dataclasses.replace(recipe, engine=engine)
    return RenderObject(
        uid=UID,
        root=str(root),
        model="cube.obj",
        format="obj",
        scratch=str(scratch),
        recipe=recipes.to_dict(recipe),
    )
