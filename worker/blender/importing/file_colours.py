"""Adds the colours and textures of PLY and STL files that Blender's importers ignore.

They are added only if the imported mesh has the same faces as the file, in the same order. If the
importer dropped faces, the loss is reported in the metadata.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import bpy
import numpy as np
import numpy.typing as npt

from worker.blender import compat
from worker.blender.importing import ply_file
from worker.blender.importing.paths import Root

Array = npt.NDArray[Any]
LAYER = "colours of the file"
STL_HEADER, STL_RECORD = 80, 50
_FACET = np.dtype([("geometry", "<f4", (12,)), ("attribute", "<u2")])
FIVE_BITS = 31
PICTURE = "TextureFile"
TEXTURE_NUMBER = "texnumber"
FLOATS = frozenset({"f4", "f8"})
UNSURE_TYPES = FLOATS | {"u2", "i4", "u4"}
"""Types of vertex colours whose range an importer cannot know."""


def add(root: Root, suffix: str) -> Dict[str, Any]:
    """Add the colours of the file at `root.model`.

    Returns: for the metadata, the colours that could not be added.
    """
    meshes = [mesh for mesh in bpy.data.meshes if len(mesh.polygons)]
    if suffix not in READERS or len(meshes) != 1:
        return {}
    lost = READERS[suffix](root, meshes[0])
    return {"lost_colours": lost} if lost else {}


def _ply(root: Root, mesh: Any) -> str:
    header = ply_file.read_header(root.model)
    face = header.element("face") if header else None
    if header is None or face is None:
        return ""
    names = face.names()
    lost = ""
    several = len(header.textures) > 1 and TEXTURE_NUMBER in names
    wanted = {"red", "green", "blue"} <= set(names) or "texcoord" in names or several
    table = ply_file.read_element(root.model, header, "face") if wanted else None
    if wanted and (table is None or len(mesh.polygons) != face.rows):
        lost = "its colours are per face, but faces were left out"
    elif table is not None:
        if "red" in table and not mesh.color_attributes:
            _by_face(mesh, linear(np.stack([table[c] for c in ("red", "green", "blue")], -1)))
        if "texcoord" in table:
            lost = lost or _wedges(mesh, table["texcoord"])
    vertex = header.element("vertex")
    if vertex is not None and {"red", "green", "blue"} <= set(vertex.names()):
        _in_range(root, header, mesh)
    if header.textures and mesh.uv_layers:
        mesh.materials.clear()
        for name in header.textures if several and not lost else header.textures[:1]:
            _picture(root, mesh, name)
        if several and table is not None and not lost:
            numbers = np.clip(table[TEXTURE_NUMBER], 0, len(header.textures) - 1)
            mesh.polygons.foreach_set("material_index", numbers.astype(np.int32))
    return lost


def _in_range(root: Root, header: ply_file.Header, mesh: Any) -> None:
    """Correct vertex colours whose type does not show their range; importers know only bytes.

    Blender takes floats as from 0 to 1, and drops 32-bit integers; before 4.0 also 16-bit ones.
    """
    vertex = header.element("vertex")
    layer = mesh.color_attributes[0] if mesh.color_attributes else None
    types = {each.type for each in vertex.properties if each.name == "red"} if vertex else set()
    if layer is None or not types & UNSURE_TYPES or len(layer.data) != len(mesh.vertices):
        return
    table = ply_file.read_element(root.model, header, "vertex")
    if table is None or len(table["red"]) != len(mesh.vertices):
        return
    values = np.stack([table[each] for each in ("red", "green", "blue")], -1).astype(np.float64)
    if types & FLOATS and values.max(initial=0.0) <= 1.0:
        return
    top = 65535.0 if "u2" in types else 255.0
    encoded = np.clip(values / top, 0.0, 1.0)
    colours = np.column_stack([to_linear(encoded), np.ones(len(values))])
    mesh.color_attributes.remove(layer)
    layer = mesh.color_attributes.new(LAYER, "FLOAT_COLOR", "POINT")
    layer.data.foreach_set("color", colours.astype(np.float32).ravel())


def _wedges(mesh: Any, texcoords: Any) -> str:
    """Add the per-face texture coordinates as a UV map; returns why it failed, or ""."""
    flat = np.concatenate([np.asarray(each, np.float32).ravel() for each in texcoords])
    if len(flat) != 2 * len(mesh.loops):
        return "texture coordinates do not match the faces' corners"
    layer = mesh.uv_layers.new(name=PICTURE, do_init=False)
    layer.data.foreach_set("uv", flat)
    layer.active_render = True
    return ""


def _picture(root: Root, mesh: Any, name: str) -> None:
    """Add a material that shows the texture `name`.

    A missing texture is reported and replaced later, like any other.
    """
    material: Any = bpy.data.materials.new(PICTURE)
    material.use_nodes = True
    tree = material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    found = root.find(name)
    image: Any = bpy.data.images.new(Path(name).name or PICTURE, 1, 1)
    image.source, image.filepath = "FILE", found or name
    node.image = image
    surface = next(each for each in tree.nodes if each.type == "BSDF_PRINCIPLED")
    tree.links.new(node.outputs["Color"], compat.socket(surface, "Base Color"))
    mesh.materials.append(material)


def _stl(root: Root, mesh: Any) -> str:
    """Add the facet colours; returns why it failed, or "".

    VisCAM and SolidView store red in the high bits and set bit 15. Magics stores red in the low
    bits, and sets bit 15 where the facet has the colour of the whole part. Some programs write
    Magics' header and VisCAM's facets: all are marked, and their colours differ.
    """
    found = _facets(root.model)
    if found is None:
        return ""
    attribute, has_header, own, corners = found
    marked = (attribute & 0x8000) != 0
    is_magics = has_header and not (marked.all() and len(np.unique(attribute)) > 1)
    if not marked.any() and not is_magics:
        return ""
    facets = _facets_of(mesh, corners)
    if facets is None:
        return "its colours are per face, but faces were left out"
    parts = np.stack([(attribute >> shift) & FIVE_BITS for shift in (10, 5, 0)], -1)
    colours = (parts[:, ::-1] if is_magics else parts) / FIVE_BITS
    colours[marked if is_magics else ~marked] = own
    _by_face(mesh, to_linear(colours)[facets])
    return ""


def _facets_of(mesh: Any, corners: Array) -> Optional[Array]:
    """The facet (F,) of each of the mesh's faces, by its corners (N,3,3) in any order.

    Importers leave out facets without an area, and repeated ones. None if a face has no facet.
    """
    if len(mesh.loops) != 3 * len(mesh.polygons):
        return None
    points = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", points.ravel())
    used = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", used)
    known = {key: number for number, key in reversed([*enumerate(_keys(corners))])}
    found = [known.get(key, -1) for key in _keys(points[used].reshape(-1, 3, 3))]
    return None if -1 in found else np.array(found, np.int64)


def _keys(corners: Array) -> Iterator[bytes]:
    """For each triangle of `corners` (N,3,3), what is the same whatever corner it starts with."""
    order = np.lexsort(corners.transpose(2, 0, 1)[::-1], axis=-1)
    ordered = np.take_along_axis(corners, order[:, :, None], axis=1) + np.float32(0.0)  # no -0.0
    return (triangle.tobytes() for triangle in ordered)


def _facets(path: str) -> Optional[Tuple[Array, bool, Array, Array]]:
    """The facets' attributes (F,), and what else `_stl` needs.

    That is whether Magics wrote the header, the header's colour (3,) and the corners (F,3,3).
    """
    data = Path(path).read_bytes()
    count = int.from_bytes(data[STL_HEADER : STL_HEADER + 4], "little")
    if len(data) < STL_HEADER + 4 + STL_RECORD * count or not count or _is_text(data, count):
        return None
    records = np.frombuffer(data, _FACET, count, STL_HEADER + 4)
    mark = data[:STL_HEADER].find(b"COLOR=")
    own = data[mark + 6 : mark + 9] if 0 <= mark <= STL_HEADER - 10 else b"\xcc\xcc\xcc"
    corners = records["geometry"][:, 3:].reshape(-1, 3, 3)
    return records["attribute"].copy(), mark >= 0, np.frombuffer(own, np.uint8) / 255.0, corners


def _is_text(data: bytes, count: int) -> bool:
    return data[:5] == b"solid" and len(data) != STL_HEADER + 4 + STL_RECORD * count


def _by_face(mesh: Any, colours: Array) -> None:
    """Add a colour attribute that gives every corner the linear colour (F,3) of its face."""
    sizes = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", sizes)
    layer = mesh.color_attributes.new(LAYER, "FLOAT_COLOR", "CORNER")
    corners = np.repeat(np.column_stack([colours, np.ones(len(colours))]), sizes, axis=0)
    layer.data.foreach_set("color", corners.astype(np.float32).ravel())


def linear(values: Array) -> Array:
    """Convert sRGB colours of a file to scene-linear; their type sets the value range."""
    top = float(np.iinfo(values.dtype).max) if values.dtype.kind in "iu" else 1.0
    if top == 1.0 and values.max(initial=0.0) > 1.0:
        top = 255.0  # ASCII values are read as floats, whatever their declared type
    return to_linear(np.clip(values.astype(np.float64) / top, 0.0, 1.0))


def to_linear(srgb: Array) -> Array:
    """Convert sRGB values to scene-linear, both 0 to 1."""
    curved: Array = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - IEC 61966-2-1
    return curved


READERS: Dict[str, Callable[[Root, Any], str]] = {"ply": _ply, "stl": _stl}
