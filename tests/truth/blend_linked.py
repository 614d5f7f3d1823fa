"""Files that name others: libraries, pictures, FBX; for Blender."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from tests.truth import cube
from tests.truth.blend_parts import FAR_AWAY, a_cube, cube_mesh, factory, picture_material, put


def library(folder: Path) -> None:
    """model.blend links all it shows from lib/part.blend."""
    a_cube("part")
    (folder / "lib").mkdir()
    save(folder / "lib/part.blend")
    link_from(folder, "lib/part.blend")


def link_from(folder: Path, name: str, scene: str = "") -> None:
    factory()
    with bpy.data.libraries.load(str(folder / name), link=True) as (there, here):
        here.objects = list(there.objects)
    for item in here.objects:
        bpy.context.scene.collection.objects.link(item)
    save(folder / "model.blend", relative=True)


def library_moved(folder: Path) -> None:
    """It says lib/part.blend, which lies in the same folder."""
    library(folder)
    shutil.move(folder / "lib/part.blend", folder / "Part.blend")


def library_gone(folder: Path) -> None:
    """Some of what it shows is linked from a file that is not there."""
    a_cube("part", FAR_AWAY)
    save(folder / "part.blend")
    factory()
    a_cube()
    with bpy.data.libraries.load(str(folder / "part.blend"), link=True) as (there, here):
        here.objects = list(there.objects)
    bpy.context.scene.collection.objects.link(here.objects[0])
    save(folder / "model.blend", relative=True)
    (folder / "part.blend").unlink()


def library_outside(folder: Path) -> None:
    """It links from a file beside the root of all cases."""
    a_cube("part")
    save(folder.parents[1] / "outside.blend")
    link_from(folder, "../../outside.blend")


def pictured(path: str, *files: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        put("cube", cube_mesh(picture_material(path)))
        beside_it(folder, files)

    return make


def beside_it(folder: Path, files: Any) -> None:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(cube.picture())


def save(path: Path, *, relative: bool = False) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=False, relative_remap=False)
    if relative:
        bpy.ops.file.make_paths_relative()
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=False, relative_remap=False)
    for backup in path.parent.glob("*.blend1"):
        backup.unlink()


def fbx(path: str, *files: str) -> Callable[[Path], None]:
    """An FBX that says its picture lies at `path`, with `files` beside it."""

    def make(folder: Path) -> None:
        picture = folder.parent / f"{'x' * 40}.png"  # longer than any name to be written
        picture.write_bytes(cube.picture())
        put("cube", cube_mesh(picture_material(str(picture)), painted=False))
        bpy.ops.export_scene.fbx(filepath=str(folder / "model.fbx"), path_mode="ABSOLUTE")
        said = (folder / "model.fbx").read_bytes()
        (folder / "model.fbx").write_bytes(_renamed(said, str(picture).encode(), path.encode()))
        picture.unlink()
        beside_it(folder, files)

    return make


def _renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """`new` in the place of `old`, of the same length: what is left over lies before it."""
    assert old in data, old
    room = len(old) - len(new)
    assert room >= 0, (old, new)
    return data.replace(old, _padded(new, room, b"\\" if b"\\" in new else b"/"))


def _padded(path: bytes, room: int, slash: bytes) -> bytes:
    """`path` with `room` more bytes in the name of its first folder."""
    first, mark, rest = path.partition(slash)
    if not first:  # absolute: the folder after the root
        second, mark, rest = rest.partition(slash)
        return slash + second + b"p" * room + mark + rest
    if first.endswith(b":"):
        second, end, rest = rest.partition(slash)
        return first + mark + second + b"p" * room + end + rest
    return first + b"p" * room + mark + rest


def fbx_colours(_: Path) -> None:
    material = bpy.data.materials.new("plain")
    material.use_nodes = True
    put("cube", cube_mesh(material))
