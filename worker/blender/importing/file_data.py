"""Finds, drops and records the files that data of Blender's reads by itself: all but images.

Volumes, caches, fonts and sounds are read from the object's folder alone. Modifiers and nodes of a
.blend that read a file of their own are removed.
"""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import Any, Iterator

import bpy

from worker.blender.importing.finding import is_lfs_pointer
from worker.blender.importing.paths import Root
from worker.blender.importing.staging import Staged
from worker.contract import git_lfs
from worker.contract.escaping import escaped

FILE_DATA = ("libraries", "fonts", "sounds", "movieclips", "volumes", "cache_files")
"""Types of datablock, besides images, that Blender reads from a file during evaluation."""
FILE_MODIFIERS = frozenset({"MESH_CACHE", "FLUID", "DYNAMIC_PAINT", "OCEAN"})
CACHE_MODIFIERS = frozenset({"MESH_CACHE"})
"""Those whose path names one file that the object needs; the others may never have had one."""
FILE_NODES = ("GeometryNodeImport", "ShaderNodeScript", "ShaderNodeTexIES")
CACHE_MARKS = (b"Ogawa", b"\x89HDF", b"PXR-USDC", b"#usda", b"PK\x03\x04")
"""First bytes of cache files: Alembic of both kinds, and USD."""
RELATIVE, BUILT_IN = "//", "<builtin>"


def settle(staged: Staged) -> None:
    """Relink each datablock's file that lies elsewhere in the object's folder, or record it.

    A datablock whose file is outside the folder is removed.
    """
    root = staged.root
    data: Any = bpy.data
    for kind in FILE_DATA:
        for block in list(getattr(data, kind)):
            if not block.filepath or block.filepath == BUILT_IN or _is_packed(block):
                continue
            path = root.locate(bpy.path.abspath(block.filepath, library=block.library))
            if kind != "libraries" and not _is_there(root, path):  # `libraries` has done those
                path = _sought(staged, block, path)
            if not root.holds(path):
                data.batch_remove((block,))
            elif fault := _fault(kind, block, path):
                staged.undecodable[escaped(root.name(path))] = fault


def drop_readers(staged: Staged) -> None:
    """Remove the modifiers and nodes of a .blend that read or write files themselves."""
    for item in bpy.data.objects:
        modifiers: list[Any] = list(item.modifiers)
        for modifier in modifiers:
            if modifier.type in CACHE_MODIFIERS:
                _not_read(staged, modifier.filepath)
            if modifier.type in FILE_MODIFIERS:
                item.modifiers.remove(modifier)
    for tree in node_trees():
        for node in list(tree.nodes):
            if node.bl_idname.startswith(FILE_NODES):
                for path in _named(node):
                    _not_read(staged, path)
                tree.nodes.remove(node)


def node_trees() -> list[Any]:
    """All node trees of materials, lights and worlds, and all node groups."""
    owners: list[Any] = [*bpy.data.materials, *bpy.data.lights, *bpy.data.worlds]
    own = [owner.node_tree for owner in owners if owner.use_nodes and owner.node_tree]
    return [*own, *bpy.data.node_groups]


def _fault(kind: str, block: Any, path: str) -> str:
    """Why the file of a datablock cannot be decoded; "" if it can, or if it does not exist."""
    if not os.path.isfile(path):  # noqa: PTH113 - takes any name
        return ""
    if is_lfs_pointer(path):
        return git_lfs.REMEDY
    if kind == "volumes" and not block.grids.load():
        return "not an OpenVDB file"
    if kind == "cache_files":
        with Path(path).open("rb") as file:
            start = file.read(8)
        return "" if start.startswith(CACHE_MARKS) else "not an Alembic or USD file"
    return ""


def _is_packed(block: Any) -> bool:
    return bool(getattr(block, "packed_file", None))


def _is_there(root: Root, path: str) -> bool:
    return root.holds(path) and Path(path).is_file()


def _sought(staged: Staged, block: Any, path: str) -> str:
    """Search the file of `block`; return its path, or `path` if it is missing."""
    root = staged.root
    found = root.find(block.filepath.removeprefix(RELATIVE))
    if found is None:
        staged.missing.add(escaped(root.name(path)))
        return path
    staged.found[escaped(root.said(block.filepath))] = root.name(found)
    block.filepath = found
    return found


def _not_read(staged: Staged, said: str) -> None:
    """Record a file that a removed modifier or node would read."""
    if not said:
        return
    root = staged.root
    path = root.locate(bpy.path.abspath(said))
    found = path if _is_there(root, path) else root.find(said.removeprefix(RELATIVE))
    if found is None:
        staged.missing.add(escaped(root.name(path)))
    else:
        staged.undecodable[escaped(root.name(found))] = "not read: bake it into the model"


def _named(node: Any) -> Iterator[str]:
    """The paths in a node that reads a file."""
    if getattr(node, "mode", "EXTERNAL") == "EXTERNAL":
        yield getattr(node, "filepath", "")
    yield from (socket.default_value for socket in node.inputs if socket.type == "STRING")
