"""Pictures that are missing, unreadable or none of the object's: each becomes one colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import bpy

from worker.blender.importers import node_trees
from worker.blender.paths import Root
from worker.blender.streams import Colour

TILE_MARKS: dict[str, Callable[[int], str]] = {
    "<UDIM>": str,
    "<UVTILE>": lambda number: f"u{(number - 1001) % 10 + 1}_v{(number - 1001) // 10 + 1}",
}
"""How the name of a tiled picture's file is made from the tile's number."""
STILL_KINDS = frozenset({"FILE", "TILED"})
WHITE: Colour = (1.0, 1.0, 1.0, 1.0)
FLAT_NORMAL: Colour = (0.5, 0.5, 1.0, 1.0)
MAGIC = (
    b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8", b"II", b"MM", b"DDS ", b"RIFF", b"#?",
    b"\x76\x2f\x31\x01", b"\x00\x00\x00\x0cjP", b"\xff\x4f\xff\x51", b"8BPS", b"\x01\xda",
    b"SDPX", b"XPDS", b"\x80\x2a\x5f\xd7",
)  # fmt: skip
"""How the pictures that Blender reads begin (Targa has no such mark). A Git LFS pointer or a web
page under a picture's name begins otherwise."""


def replace_missing(root: Root, draw: Callable[[str], Colour]) -> dict[str, Any]:
    """Put one colour in the place of each picture that cannot be used.

    `draw` gives the colour of a name. A missing colour picture gets it; a missing normal map is
    flat, other missing data is white, as if there were no map. Films and image sequences count as
    missing. Returns Objaverse-XL's `missing_textures`: how many there are, their names, and the
    scene-linear RGBA that stands for each.
    """
    bent = _normal_maps()
    colours: dict[str, Colour] = {}
    images: list[Any] = list(bpy.data.images)
    for image in images:
        if not _is_missing(image, root):
            continue
        name = file_name(image, root)
        if not image.colorspace_settings.is_data:
            colour = draw(name)
        else:
            colour = FLAT_NORMAL if image in bent else WHITE
        # Wherever the picture is used, a picture of that one colour is used instead.
        plain = bpy.data.images.new(name[-50:], 1, 1, float_buffer=True, is_data=True)
        plain.generated_color = colour
        image.user_remap(plain)
        bpy.data.images.remove(image)
        colours.setdefault(name, colour)
    return {
        "count": len(colours),
        "files": sorted(colours),
        "file_path_to_color": {name: list(colours[name]) for name in sorted(colours)},
    }


def uses_file(image: Any) -> bool:
    """Whether the picture comes from a path, not from the model's own bytes."""
    return image.source in {"FILE", "TILED", "SEQUENCE", "MOVIE"} and not image.packed_files


def file_name(image: Any, root: Root) -> str:
    """What the results call the picture's file."""
    return root.name(_path(image, root)) if image.filepath else image.name


def _path(image: Any, root: Root) -> str:
    return root.locate(bpy.path.abspath(image.filepath, library=image.library))


def _is_missing(image: Any, root: Root) -> bool:
    if not uses_file(image):
        return False
    if image.source not in STILL_KINDS or not image.filepath:
        return True
    path = _path(image, root)
    mark = next((mark for mark in TILE_MARKS if mark in path), None)
    if mark is None:
        return not _is_picture(path, root)
    return not all(_is_picture(tile, root) for tile in _tiles(image, path, mark))


def _tiles(image: Any, path: str, mark: str) -> list[str]:
    return [path.replace(mark, TILE_MARKS[mark](tile.number)) for tile in image.tiles]


def _is_picture(path: str, root: Root) -> bool:
    if not (root.holds(path) and Path(path).is_file()):
        return False
    with Path(path).open("rb") as file:
        start = file.read(8)
    return start.startswith(MAGIC) or (path.lower().endswith((".tga", ".targa")) and bool(start))


def _normal_maps() -> set[Any]:
    """Images that some node tree uses to bend normals."""
    return {
        link.from_node.image
        for tree in node_trees()
        for link in tree.links
        if link.from_node.bl_idname == "ShaderNodeTexImage" and link.to_node.type == "NORMAL_MAP"
    }
