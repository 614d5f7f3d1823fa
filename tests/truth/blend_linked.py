"""Files that name others: libraries, pictures, FBX; for Blender."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from tests.truth import cube
from tests.truth.blend_parts import FAR_AWAY, a_cube, cube_mesh, factory, picture_material, put
from tests.truth.cases.case import POINTER


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


def with_file(add: Callable[[Path], None], *files: str) -> Callable[[Path], None]:
    """A cube, and what `add` puts into it; `files` are written that are not what they seem."""

    def make(folder: Path) -> None:
        put("cube", cube_mesh())
        add(folder)
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"no such thing\n" * 9)

    return make


def volume(path: str) -> Callable[[Path], None]:
    def add(_: Path) -> None:
        data = bpy.data.volumes.new("volume")
        data.filepath = path
        bpy.context.scene.collection.objects.link(bpy.data.objects.new("volume", data))

    return add


def alembic(name: str, content: bytes = b"") -> Callable[[Path], None]:
    """A cube moves as the cache `name` says, which has another content by now, or is gone."""

    def add(folder: Path) -> None:
        path = folder / name
        if not bpy.app.build_options.alembic:
            volume(f"//{name}")(folder)
        else:
            bpy.ops.wm.alembic_export(filepath=str(path), as_background_job=False)
            bpy.ops.cachefile.open(filepath=str(path))
            modifier: Any = bpy.data.objects["cube"].modifiers.new("cache", "MESH_SEQUENCE_CACHE")
            modifier.cache_file = bpy.data.cache_files[0]
            modifier.object_path = "/cube/cube"
            modifier.cache_file.filepath = f"//{name}"
            path.unlink()
        if content:
            path.write_bytes(content)

    return add


def volume_pointer(folder: Path) -> None:
    volume("//pointer.vdb")(folder)
    (folder / "pointer.vdb").write_text(POINTER)


def mesh_cache(path: str) -> Callable[[Path], None]:
    def add(_: Path) -> None:
        modifier: Any = bpy.data.objects["cube"].modifiers.new("cache", "MESH_CACHE")
        modifier.cache_format, modifier.filepath = "PC2", path

    return add


def font(folder: Path) -> None:
    """Some text, inside the cube, in a font that is no longer there."""
    fonts = Path(bpy.utils.system_resource("DATAFILES", path="fonts"))
    given = next(path for path in sorted(fonts.iterdir()) if path.suffix != ".txt")
    shutil.copy(given, folder / given.name)
    data: Any = bpy.data.curves.new("text", "FONT")
    data.body, data.size = "x", 0.1
    data.font = bpy.data.fonts.load(str(folder / given.name))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("text", data))
    data.font.filepath = "//Gone.ttf"
    (folder / given.name).unlink()


def sound(folder: Path) -> None:
    """A speaker whose sound is no longer there."""
    with wave.open(str(folder / "gone.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 80)
    data: Any = bpy.data.speakers.new("speaker")
    data.sound = bpy.data.sounds.load(str(folder / "gone.wav"))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("speaker", data))
    (folder / "gone.wav").unlink()


def light_of_file(path: str) -> Callable[[Path], None]:
    """A lamp whose light a file distributes."""

    def add(_: Path) -> None:
        data: Any = bpy.data.lights.new("lamp", "POINT")
        data.use_nodes = True
        node: Any = data.node_tree.nodes.new("ShaderNodeTexIES")
        node.mode, node.filepath = "EXTERNAL", path
        strength = data.node_tree.nodes["Emission"].inputs["Strength"]
        data.node_tree.links.new(node.outputs[0], strength)
        bpy.context.scene.collection.objects.link(bpy.data.objects.new("lamp", data))

    return add
