"""Pictures that are missing, unreadable or none of the object's: each becomes one colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import bpy

from worker.blender.importers import node_trees
from worker.blender.legible import legible
from worker.blender.paths import Root
from worker.blender.streams import Colour

TILE_MARKS: dict[str, Callable[[int], str]] = {
    "<UDIM>": str,
    "<UVTILE>": lambda number: f"u{(number - 1001) % 10 + 1}_v{(number - 1001) // 10 + 1}",
}
"""How the name of a tiled picture's file is made from the tile's number."""
STILL_KINDS = frozenset({"FILE", "TILED"})
FILE_KINDS = frozenset({*STILL_KINDS, "SEQUENCE", "MOVIE"})
WHITE: Colour = (1.0, 1.0, 1.0, 1.0)
FLAT_NORMAL: Colour = (0.5, 0.5, 1.0, 1.0)


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
    return image.source in FILE_KINDS and not image.packed_files


def file_name(image: Any, root: Root) -> str:
    """What the results call the picture's file."""
    return legible(root.name(_path(image, root)) if image.filepath else image.name)


def _path(image: Any, root: Root) -> str:
    return root.locate(bpy.path.abspath(image.filepath, library=image.library))


def is_whole(image: Any) -> bool:
    """Whether Blender can decode the picture, every tile of it; the rest Cycles shows magenta.

    Cycles reads a file anew, so its pixels are let go; packed ones it takes from here.
    """
    parts: list[Any] = list(image.tiles) if image.source == "TILED" else [image]
    whole = all(part.size[0] and part.size[1] for part in parts)  # to ask is to decode
    if not image.packed_files:
        image.buffers_free()
    return whole


def _is_missing(image: Any, root: Root) -> bool:
    if image.source not in FILE_KINDS:
        return False
    if uses_file(image):
        if image.source not in STILL_KINDS or not image.filepath:
            return True
        if not all(root.holds(path) and Path(path).is_file() for path in _files(image, root)):
            return True
    return not is_whole(image)


def _files(image: Any, root: Root) -> list[str]:
    path = _path(image, root)
    mark = next((mark for mark in TILE_MARKS if mark in path), None)
    if mark is None:
        return [path]
    return [path.replace(mark, TILE_MARKS[mark](tile.number)) for tile in image.tiles]


def _normal_maps() -> set[Any]:
    """Images that some node tree uses to bend normals."""
    return {
        link.from_node.image
        for tree in node_trees()
        for link in tree.links
        if link.from_node.bl_idname == "ShaderNodeTexImage" and link.to_node.type == "NORMAL_MAP"
    }
