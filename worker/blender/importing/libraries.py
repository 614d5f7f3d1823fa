"""Libraries that a .blend links from, where its names do not lead to them."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import Any

import bpy

from worker.blender.importing.staging import Staged
from worker.contract.escaping import legible

RELATIVE = "//"


def relink(staged: Staged) -> None:
    """Read each library that is not there from the file that is meant, or note it as missing."""
    root = staged.root
    libraries: list[Any] = list(bpy.data.libraries)
    for library in libraries:
        path = bpy.path.abspath(library.filepath)
        if root.holds(path) and Path(path).is_file():
            continue
        name = library.filepath
        if os.path.isabs(name) and root.holds(name):  # noqa: PTH117 - Blender's own spelling
            name = os.path.relpath(name, Path(root.model).parent)
        name = name.removeprefix(RELATIVE)
        found = root.find(name)
        if found is None:
            staged.missing.add(legible(name))
            continue
        staged.found[legible(name)] = root.name(found)
        library.filepath = found
        library.reload()
