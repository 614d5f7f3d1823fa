"""Finds the libraries of a .blend that are not where its paths say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from worker.blender.importing.staging import Staged
from worker.contract.escaping import escaped


def relink(staged: Staged) -> None:
    """Reload each missing library from the file found in its place, or record it as missing."""
    root = staged.root
    libraries: list[Any] = list(bpy.data.libraries)
    for library in libraries:
        path = bpy.path.abspath(library.filepath)
        if root.holds(path) and Path(path).is_file():
            continue
        name = root.said(library.filepath)
        found = root.find(name)
        if found is None:
            staged.missing.add(escaped(name))
            continue
        staged.found[escaped(name)] = root.name(found)
        library.filepath = found
        library.reload()
