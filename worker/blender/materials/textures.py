"""Replaces textures that are missing, unreadable or outside the object's files by one colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import bpy

from worker.blender import compat
from worker.blender.importing import gltf_extensions
from worker.blender.importing.file_data import node_trees
from worker.blender.importing.paths import Root
from worker.contract import git_lfs
from worker.contract.escaping import escaped
from worker.contract.random_streams import Colour

TILE_MARKS: dict[str, Callable[[int], str]] = {
    "<UDIM>": str,
    "<UVTILE>": lambda number: f"u{(number - 1001) % 10 + 1}_v{(number - 1001) // 10 + 1}",
}
"""Placeholders in the file names of tiled textures, and what each becomes for a tile number."""
STILL_SOURCES = frozenset({"FILE", "TILED"})
FILE_SOURCES = frozenset({*STILL_SOURCES, "SEQUENCE", "MOVIE"})
PICTURE_NODES = frozenset({"ShaderNodeTexImage", "ShaderNodeTexEnvironment"})
COLOUR, NORMAL, DATA = "colour", "normal", "data"
"""Purposes of a texture."""
ABSENT = "absent"
UNDECODABLE = "Blender cannot decode it"
NOT_STILL = "movies, GIFs and image sequences are not shown"
"""Faults of a texture."""
MARKS = {
    git_lfs.MARK: git_lfs.REMEDY,
    b"\xabKTX 20\xbb\r\n\x1a\n": f"Blender cannot read KTX2: {gltf_extensions.KTX2}",
}
"""Faults by the first bytes of a file that Blender cannot decode."""
MOST_MARK = max(map(len, MARKS))
NEUTRAL: dict[str, Colour] = {NORMAL: (0.5, 0.5, 1.0, 1.0), DATA: (1.0, 1.0, 1.0, 1.0)}
"""Linear RGBA that replaces a missing texture, by purpose; colour textures use `draw`."""


class Use(NamedTuple):
    """A texture node. Cycles shows magenta if its image is missing."""

    node: Any
    owner: Any
    """What the node belongs to: a material, a light, a world or a node group."""
    purpose: str


class Replaced(NamedTuple):
    """The textures that one colour replaces, by name."""

    absent: set[str]
    undecodable: dict[str, str]
    """And why."""
    unnamed: set[str]
    """Nodes without an image: the importer kept no name, or the model gives none."""
    facts: dict[str, Any]
    """Objaverse-XL's `missing_textures`: the number of missing textures, their names, and the
    scene-linear RGBA that replaces each."""


def replace_missing(root: Root, draw: Callable[[str], Colour]) -> Replaced:
    """Replace each texture that cannot be used or was not found by one colour.

    `draw` returns the colour for a file name; it is used for colour textures. A missing normal map
    becomes flat, and other missing data becomes white, as if there were no map. Movies and image
    sequences count as undecodable.
    """
    colours: dict[str, Colour] = {}
    absent: set[str] = set()
    undecodable: dict[str, str] = {}
    unnamed: set[str] = set()

    def stand_in(name: str, purpose: str) -> Any:
        colour = NEUTRAL.get(purpose) or draw(name)
        plain: Any = bpy.data.images.new(name[-50:], 1, 1, float_buffer=True, is_data=True)
        plain.generated_color = colour
        colours.setdefault(name, colour)
        return plain

    images: list[Any] = list(bpy.data.images)
    faults = {image: fault for image in images if (fault := _fault(image, root))}
    uses = all_uses()
    for image, fault in faults.items():
        purpose = _purpose(image, [use for use in uses if use.node.image == image])
        name = file_name(image, root)
        if fault == ABSENT:
            absent.add(name)
        else:
            undecodable[name] = fault
        # Replace the image in all its users by a new image of that one colour.
        image.user_remap(stand_in(name, purpose))
        bpy.data.images.remove(image)
    for use in uses:
        node = use.node
        if node.image is None and any(output.is_linked for output in node.outputs):
            name = escaped(f"{node.label or node.name} of {use.owner.name}")  # no file name known
            unnamed.add(name)
            node.image = stand_in(name, use.purpose)
    facts = {
        "count": len(colours),
        "files": sorted(colours),
        "file_path_to_color": {name: list(colours[name]) for name in sorted(colours)},
    }
    return Replaced(absent, undecodable, unnamed, facts)


def ignore_unused_alpha(suffix: str) -> None:
    """Show the colours of pictures whose alpha channel the model does not use.

    Cycles multiplies colours by alpha, so they would be black where alpha is 0. Many such channels
    hold something else, such as gloss. In a .blend, that is what its author sees.
    """
    if suffix == "blend":
        return
    uses = all_uses()
    used = {use.node.image for use in uses if _uses_alpha(use.node)}
    for image in {use.node.image for use in uses} - used - {None}:
        if image.source in STILL_SOURCES and image.alpha_mode == "STRAIGHT":
            image.alpha_mode = "CHANNEL_PACKED"


def _uses_alpha(node: Any) -> bool:
    alpha = node.outputs.get("Alpha")  # an environment's picture has none
    return alpha is not None and bool(alpha.is_linked)


def _purpose(image: Any, uses: list[Use]) -> str:
    """What a missing image is for. Its colour space may be unset, because it was never loaded."""
    purposes = {use.purpose for use in uses}
    if NORMAL in purposes and COLOUR not in purposes:
        return NORMAL
    is_value = bool(uses) and all(_feeds_shader_values(use.node) for use in uses)
    return DATA if image.colorspace_settings.is_data or is_value else COLOUR


def _feeds_shader_values(node: Any) -> bool:
    """Whether a texture leads to numbers of shaders alone, such as roughness or alpha."""
    links = [link for output in node.outputs for link in output.links]
    return bool(links) and all(
        link.to_socket.type == "VALUE"
        and any(output.type == "SHADER" for output in link.to_node.outputs)
        for link in links
    )


def relink(root: Root) -> dict[str, str]:
    """Search the object's files for textures that do not exist at their path, and relink them.

    Returns: for each relinked texture, its name as written in the model and the path of the file
    found, relative to the root.
    """
    found: dict[str, str] = {}
    for image in bpy.data.images:
        if image.source not in STILL_SOURCES or not uses_file(image) or not image.filepath:
            continue
        name = image.filepath.removeprefix("//")
        try:
            if all(root.holds(path) and Path(path).is_file() for path in _files(image, root)):
                continue
            elsewhere = [root.find(tile) for tile in _tiles(image, name)]
        except ValueError:  # not a valid file name
            continue
        path = _common(image, elsewhere)
        if path is not None:
            found[escaped(root.said(image.filepath))] = root.name(path)
            compat.read_image_from(image, path)
    return found


def _common(image: Any, tiles: list[Optional[str]]) -> Optional[str]:
    """The path, with its placeholder, of an image whose tiles lie at `tiles`, or None.

    An image without tiles has one file, which is the path itself.
    """
    if None in tiles:
        return None
    mark = next((mark for mark in TILE_MARKS if mark in image.filepath), None)
    if mark is None:
        return tiles[0]
    number = TILE_MARKS[mark](image.tiles[0].number)
    head, split, tail = str(tiles[0]).rpartition(number)
    path = head + mark + tail
    return path if split and _tiles(image, path) == tiles else None


def uses_file(image: Any) -> bool:
    """Whether the texture is read from a path, not embedded in the model."""
    return image.source in FILE_SOURCES and not image.packed_files


def file_name(image: Any, root: Root) -> str:
    """Return the name of the texture's file as the results record it."""
    return escaped(root.name(_path(image, root)) if image.filepath else image.name)


def _path(image: Any, root: Root) -> str:
    return root.locate(bpy.path.abspath(image.filepath, library=image.library))


def is_whole(image: Any) -> bool:
    """Whether Blender can decode the texture and all its tiles; Cycles shows others magenta.

    Frees the decoded pixels unless the image is packed: Cycles reads files again by itself, but
    takes packed images from Blender.
    """
    parts: list[Any] = list(image.tiles) if image.source == "TILED" else [image]
    whole = all(part.size[0] and part.size[1] for part in parts)  # reading the size decodes it
    if not image.packed_files:
        image.buffers_free()
    return whole


def _fault(image: Any, root: Root) -> Optional[str]:
    if image.source not in FILE_SOURCES:
        return None
    if uses_file(image):
        files = _files(image, root) if image.filepath else []
        if not files or not all(root.holds(path) and Path(path).is_file() for path in files):
            return ABSENT
        if image.source not in STILL_SOURCES:
            return NOT_STILL
    return None if is_whole(image) else _why(image, root)


def _why(image: Any, root: Root) -> str:
    if image.packed_files:
        start = bytes(image.packed_files[0].packed_file.data[:MOST_MARK])
    else:
        with Path(_files(image, root)[0]).open("rb") as file:
            start = file.read(MOST_MARK)
    return next((why for mark, why in MARKS.items() if start.startswith(mark)), UNDECODABLE)


def _files(image: Any, root: Root) -> list[str]:
    return _tiles(image, _path(image, root))


def _tiles(image: Any, path: str) -> list[str]:
    """The files that `path` stands for: itself, or one for each tile."""
    mark = next((mark for mark in TILE_MARKS if mark in path), None)
    if mark is None:
        return [path]
    return [path.replace(mark, TILE_MARKS[mark](tile.number)) for tile in image.tiles]


def all_uses() -> list[Use]:
    """All texture nodes of all materials, lights, worlds and node groups."""
    owners: list[Any] = [*bpy.data.materials, *bpy.data.lights, *bpy.data.worlds]
    owner = {each.node_tree: each for each in owners if each.node_tree}
    uses = []
    for tree in node_trees():
        nodes = [node for node in tree.nodes if node.bl_idname in PICTURE_NODES]
        feeding = _feeding(tree) if nodes else {}
        for node in nodes:
            purpose = next((end for end, before in feeding.items() if node in before), DATA)
            uses.append(Use(node, owner.get(tree, tree), purpose))
    return uses


def _feeding(tree: Any) -> dict[str, set[Any]]:
    """Return, by purpose, the nodes whose colour output leads to a normal map or a shader."""
    links = [
        (link.from_node, link.to_node)
        for link in tree.links
        if _is_colour(link.from_socket) and _is_colour(link.to_socket)
    ]
    sources: dict[Any, list[Any]] = {}
    for source, node in links:
        sources.setdefault(node, []).append(source)
    feeding: dict[str, set[Any]] = {NORMAL: set(), COLOUR: set()}
    for purpose, before in feeding.items():
        waiting = [source for source, node in links if _end(node) == purpose]
        while waiting:
            node = waiting.pop()
            if node not in before:
                before.add(node)
                waiting += sources.get(node, ())
    return feeding


def _is_colour(socket: Any) -> bool:
    """Whether a socket is a colour's; USD's scale and bias are applied to it as to a vector."""
    return bool(
        socket.type == "RGBA" or (socket.type == "VECTOR" and socket.node.type == "VECT_MATH")
    )


def _end(node: Any) -> str:
    """Return the purpose of a colour linked to this node; DATA if the node is not its end."""
    if node.type == "NORMAL_MAP":
        return NORMAL
    kinds = {output.type for output in node.outputs}
    return COLOUR if not kinds or "SHADER" in kinds else DATA  # a group's end has no output
