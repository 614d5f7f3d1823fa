"""Finds and replaces the names of other files in a model's text.

`NAMINGS` has one `Naming` for each format. A name is found with regular expressions of bounded
length or in parsed JSON; nothing in the file is executed.
"""

from __future__ import annotations

import dataclasses
import html
import json
import re
from typing import Any, Callable, Dict, Optional
from urllib.parse import quote

Rename = Callable[[str], Optional[str]]
"""Takes a name as written in the file; returns its replacement, or None to keep it."""
Rewrite = Callable[[bytes, Rename], bytes]

USD = ("usd", "usda", "usdc", "usdz")
GLB_HEADER, CHUNK_HEADER = 12, 8
SURFACE_SPAN = 1024
"""Bytes before a name that are searched for the start of its enclosing element."""
VISIBILITY = "KHR_node_visibility"
_LIBRARY = re.compile(rb"(?m)^([ \t]*mtllib[ \t]+)([^\r\n]{1,1024}?)([ \t]*)(?=\r?$)")
_LIBRARIES = re.compile(rb"\S.*?\.mtl\b\"?(?=[ \t])|\S.*", re.IGNORECASE | re.DOTALL)
_MAP = re.compile(
    rb"(?mi)^([ \t]*(?:map_\w+|bump|disp|decal|refl|norm)[ \t]+)([^\r\n]{1,1024}?)([ \t]*)(?=\r?$)"
)
_OPTION = re.compile(
    r"-(?:blendu|blendv|cc|clamp|imfchan|type|texres|boost|bm)[ \t]+\S+[ \t]+"
    r"|-mm[ \t]+\S+[ \t]+\S+[ \t]+|-[ost](?:[ \t]+[-+.\deE]+){1,3}[ \t]+"
)
_INIT_FROM = re.compile(
    rb"(<init_from\b[^>]{0,256}>\s{0,64}(?:<ref>\s{0,64})?)([^<]{1,1024}?)(\s{0,64}<)"
)
_BLANK_OR_WIDE = re.compile(r"[^!-~]")
_ASSET = re.compile(rb"(@)([^@\r\n]{1,1024})(@)")
_PACKAGED = re.compile(r"(.*?\.usdz)(\[.*\])", re.IGNORECASE | re.DOTALL)
_MANY = re.compile(r"<UDIM>|<UVTILE>|\A`")
_MATERIAL = re.compile(rb"(?mi)^[ \t]*newmtl\b")
_AMBIENT = re.compile(rb"(?mi)^([ \t]*)map_ka(?=[ \t])")
_DIFFUSE = re.compile(rb"(?mi)^[ \t]*map_kd[ \t]")
_RELIEF = re.compile(rb"(?mi)^([ \t]*(?:map_)?bump)(?=[ \t])(?![^\r\n]{0,1024}?[ \t]-bm[ \t])")
_BUMP = re.compile(rb"(?mi)^[ \t]*(?:map_)?bump[ \t]")
_NORMAL = re.compile(rb"(?mi)^([ \t]*)norm[ \t]+")
_ONE_NUMBER = re.compile(rb"(?mi)^([ \t]*K[adse][ \t]+)([-+.\de]{1,64})([ \t]*)(?=\r?$)")


@dataclasses.dataclass(frozen=True)
class Naming:
    """How to rewrite the names in files of one format.

    `leads_to`: suffixes of the referenced files that may name further files.
    """

    rewrite: Rewrite
    leads_to: tuple[str, ...] = ()


def _obj(text: bytes, rename: Rename) -> bytes:
    def replaced(found: re.Match[bytes]) -> bytes:
        names = [name.strip(b'"') for name in _LIBRARIES.findall(found[2])]  # one, or several
        new = [rename(_plain(name)) for name in names]
        if len(names) == 1 and new == [None]:
            return found[0]
        pairs = zip(names, new)
        lines = [found[1] + (name if new is None else _spelled(new)) for name, new in pairs]
        return b"\n".join(lines) + found[3]

    return _LIBRARY.sub(replaced, text)


def _mtl(text: bytes, rename: Rename) -> bytes:
    """Rewrite an .mtl, also into what Blender reads as the format means.

    In a material without a diffuse map, its ambient map becomes the diffuse one, as viewers
    show it. A bump map has the multiplier 1 if none is given, where Blender takes 0; without
    one, `norm` is read as `map_Bump`. A colour of one number is grey.
    """
    starts = [found.start() for found in _MATERIAL.finditer(text)]
    blocks = [text[a:b] for a, b in zip([0, *starts], [*starts, len(text)])]
    return _MAP.sub(lambda found: _map_line(found, rename), b"".join(map(_material, blocks)))


def _material(block: bytes) -> bytes:
    if not _DIFFUSE.search(block):
        block = _AMBIENT.sub(rb"\1map_Kd", block)
    if not _BUMP.search(block):
        block = _NORMAL.sub(rb"\1map_Bump ", block)
    block = _RELIEF.sub(rb"\1 -bm 1", block)
    return _ONE_NUMBER.sub(rb"\1\2 \2 \2\3", block)


def _map_line(found: re.Match[bytes], rename: Rename) -> bytes:
    value = _plain(found[2])
    start = 0
    while option := _OPTION.match(value, start):
        start = option.end()
    new = rename(value[start:].strip('"'))
    if new is None:
        return found[0]
    return found[1] + _spelled(value[:start] + new) + found[3]


def _gltf(text: bytes, rename: Rename) -> bytes:
    """Rewrite a .gltf. Names are URIs, so replacements are percent-encoded."""
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text  # the importer reports the error
    changed = _drop_invisible(content)
    for kind in ("buffers", "images"):
        items = content.get(kind) if isinstance(content, dict) else None
        for item in items if isinstance(items, list) else ():
            uri = item.get("uri") if isinstance(item, dict) else None
            if not isinstance(uri, str) or uri.startswith("data:"):
                continue
            new = rename(uri)
            if new is not None:
                item["uri"], changed = _escaped(new), True
    return json.dumps(content).encode() if changed else text


def _drop_invisible(content: Any) -> bool:
    """Take the meshes from nodes that KHR_node_visibility hides; Blender does not know it.

    Returns: whether there were any.
    """
    table = content if isinstance(content, dict) else {}
    nodes: Any = table.get("nodes")
    if VISIBILITY not in (table.get("extensionsUsed") or ()) or not isinstance(nodes, list):
        return False
    waiting = [number for number, node in enumerate(nodes) if _is_hidden(node)]
    seen = set()
    while waiting:
        number = waiting.pop()
        if number not in seen and isinstance(number, int) and 0 <= number < len(nodes):
            seen.add(number)
            nodes[number].pop("mesh", None)
            nodes[number].pop("skin", None)
            waiting += nodes[number].get("children", ())
    return bool(seen)


def _is_hidden(node: Any) -> bool:
    extensions = node.get("extensions") if isinstance(node, dict) else None
    visibility = extensions.get(VISIBILITY) if isinstance(extensions, dict) else None
    return isinstance(visibility, dict) and visibility.get("visible") is False


def _glb(data: bytes, rename: Rename) -> bytes:
    """Rewrite the JSON chunk, which is the first, of a .glb; the other chunks are kept."""
    start = GLB_HEADER + CHUNK_HEADER
    if data[:4] != b"glTF":
        return _gltf(data, rename)  # a JSON file with the suffix .glb
    if len(data) < start or data[start - 4 : start] != b"JSON":
        return data
    end = start + int.from_bytes(data[GLB_HEADER : GLB_HEADER + 4], "little")
    text = data[start:end]
    new = _gltf(text, rename) if b'"uri"' in text or VISIBILITY.encode() in text else text
    if new == text:
        return data
    new += b" " * (-len(new) % 4)
    total = len(data) + len(new) - len(text)
    head = data[:8] + total.to_bytes(4, "little") + len(new).to_bytes(4, "little") + b"JSON"
    return head + new + data[end:]


def _dae(text: bytes, rename: Rename) -> bytes:
    """Rewrite a .dae.

    Names are URIs, except in a <surface>, where <init_from> holds the ID of an image.
    """

    def replaced(found: re.Match[bytes]) -> bytes:
        before = text[max(0, found.start() - SURFACE_SPAN) : found.start()]
        if before.rfind(b"<surface") > before.rfind(b"<image"):
            return found[0]
        name = html.unescape(_plain(found[2]))
        new = rename(name)
        if new is None and _BLANK_OR_WIDE.search(name):
            new = name  # the file exists, but the name is no URI, which the importer requires
        if new is None:
            return found[0]
        return found[1] + html.escape(_escaped(new), quote=False).encode() + found[3]

    return _INIT_FROM.sub(replaced, text)


def _usda(text: bytes, rename: Rename) -> bytes:
    return _each(_ASSET, text, unpackaged(rename), _plain, _spelled)


def unpackaged(rename: Rename) -> Rename:
    """`rename` for asset paths of USD.

    Of "a.usdz[b.png]" it takes the package. Tiles ("x.<UDIM>.png") are files of many names, and
    expressions are refused later.
    """

    def renamed(path: str) -> Optional[str]:
        if _MANY.search(path):
            return None
        found = _PACKAGED.fullmatch(path)
        if found is None:
            return rename(path)
        new = rename(found[1])
        return None if new is None else new + found[2]

    return renamed


def _each(
    pattern: re.Pattern[bytes],
    text: bytes,
    rename: Rename,
    read: Callable[[bytes], str],
    write: Callable[[str], bytes],
) -> bytes:
    def replaced(found: re.Match[bytes]) -> bytes:
        new = rename(read(found[2]))
        return found[0] if new is None else found[1] + write(new) + found[3]

    return pattern.sub(replaced, text)


def _plain(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _spelled(name: str) -> bytes:
    return name.encode(errors="surrogateescape")


def _escaped(path: str) -> str:
    """Percent-encode a path as a relative URI."""
    return quote(path, errors="surrogateescape")


_PLY_COLOUR = re.compile(
    rb"(?mi)^(property[ \t]+\w+[ \t]+)((?:diffuse_|ambient_)?)(r|red|g|green|b|blue)(?=[ \t]*\r?$)"
)
_PLY_NAMES = {b"r": b"red", b"g": b"green", b"b": b"blue"}
_PLY_PLACE = re.compile(rb"(?m)^(property[ \t]+\w+[ \t]+)(?:texture_)?(u|v)(?=[ \t]*\r?$)")
_PLY_AXES = {b"u": b"s", b"v": b"t"}


def _ply(text: bytes, _: Rename) -> bytes:
    """Rename colour and texture coordinate properties to the names that importers know.

    A .ply names no files that must be rewritten.
    """
    head, mark, rest = text.partition(b"end_header")
    if not text.startswith(b"ply") or b"property" not in head:
        return text
    prefixes = {found[2].lower() for found in _PLY_COLOUR.finditer(head)}
    shown = next((each for each in (b"", b"diffuse_", b"ambient_") if each in prefixes), b"")

    def named(found: re.Match[bytes]) -> bytes:
        colour = found[3].lower()
        own = found[2].lower() == shown
        return found[1] + _PLY_NAMES.get(colour, colour) if own else found[0]

    head = _PLY_COLOUR.sub(named, head)
    if b"texturefile" in head.lower():
        head = _PLY_PLACE.sub(lambda found: found[1] + _PLY_AXES[found[2]], head)
    return head + mark + rest


def _kept(text: bytes, _: Rename) -> bytes:
    return text


NAMINGS: Dict[str, Naming] = {
    "obj": Naming(_obj, ("mtl",)),
    "mtl": Naming(_mtl),
    "gltf": Naming(_gltf),
    "glb": Naming(_glb),
    "dae": Naming(_dae),
    "ply": Naming(_ply),
    **dict.fromkeys(
        ("usd", "usda", "usdc", "usdz"), Naming(_usda, ("usd", "usda", "usdc", "usdz"))
    ),
    "stl": Naming(_kept),
    "off": Naming(_kept),
}
"""Keyed by suffix."""
