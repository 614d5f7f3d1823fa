"""Finds the libraries of a .blend that are not where its paths say."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import Any

import bpy

from worker.blender.importing.staging import Staged
from worker.contract.escaping import legible

RELATIVE = "//"


def relink(staged: Staged) -> None:
    """Reload each missing library from the file found in its place, or record it as missing."""
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
