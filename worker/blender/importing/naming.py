"""The names of other files in a model's text: where they stand, and how to write others there.

By format a `Naming` tells every name in the bytes of a file and puts others in their place. Names
are found by patterns of bounded length, and never by running anything.
"""

from __future__ import annotations

import dataclasses
import html
import json
import re
from typing import Any, Callable, Dict, Optional
from urllib.parse import quote

Rename = Callable[[str], Optional[str]]
"""Told a name as it is written; returns the one to write there, or None to leave it."""
Rewrite = Callable[[bytes, Rename], bytes]

GLB_HEADER, CHUNK_HEADER = 12, 8
SURFACE_SPAN = 1024
"""Bytes before a name in which the element that it stands in begins."""
BOM = b"\xef\xbb\xbf"
_LIBRARY = re.compile(rb"(?m)^([ \t]*mtllib[ \t]+)([^\r\n]{1,1024}?)([ \t]*)(?=\r?$)")
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
_ASSET = re.compile(rb"(@)([^@\r\n]{1,1024})(@)")
_MATERIAL = re.compile(rb"(?mi)^[ \t]*newmtl\b")
_AMBIENT = re.compile(rb"(?mi)^([ \t]*)map_ka(?=[ \t])")
_DIFFUSE = re.compile(rb"(?mi)^[ \t]*map_kd[ \t]")


@dataclasses.dataclass(frozen=True)
class Naming:
    """How files of a format name others. `leads_to`: suffixes of those that name more."""

    rewrite: Rewrite
    leads_to: tuple[str, ...] = ()


def _obj(text: bytes, rename: Rename) -> bytes:
    return _each(_LIBRARY, text.removeprefix(BOM), rename, _plain, _spelled)


def _mtl(text: bytes, rename: Rename) -> bytes:
    """Also makes an ambient map that stands alone the diffuse one: viewers show it so."""
    text = text.removeprefix(BOM)
    starts = [found.start() for found in _MATERIAL.finditer(text)]
    blocks = [text[a:b] for a, b in zip([0, *starts], [*starts, len(text)])]
    shown = [
        block if _DIFFUSE.search(block) else _AMBIENT.sub(rb"\1map_Kd", block) for block in blocks
    ]
    return _MAP.sub(lambda found: _map_line(found, rename), b"".join(shown))


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
    """Names are URIs: what is written in their place is escaped."""
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text  # the importer will say what is wrong with it
    changed = False
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


def _glb(data: bytes, rename: Rename) -> bytes:
    """The JSON chunk comes first; the rest stays as it is."""
    start = GLB_HEADER + CHUNK_HEADER
    if data[:4] != b"glTF":
        return _gltf(data, rename)  # JSON under another name
    if len(data) < start or data[start - 4 : start] != b"JSON":
        return data
    end = start + int.from_bytes(data[GLB_HEADER : GLB_HEADER + 4], "little")
    text = data[start:end]
    new = _gltf(text, rename) if b'"uri"' in text else text
    if new == text:
        return data
    new += b" " * (-len(new) % 4)
    total = len(data) + len(new) - len(text)
    head = data[:8] + total.to_bytes(4, "little") + len(new).to_bytes(4, "little") + b"JSON"
    return head + new + data[end:]


def _dae(text: bytes, rename: Rename) -> bytes:
    """Names are URIs, but for a surface's: there the same element names an image."""

    def replaced(found: re.Match[bytes]) -> bytes:
        before = text[max(0, found.start() - SURFACE_SPAN) : found.start()]
        if before.rfind(b"<surface") > before.rfind(b"<image"):
            return found[0]
        new = rename(html.unescape(_plain(found[2])))
        if new is None:
            return found[0]
        return found[1] + html.escape(_escaped(new), quote=False).encode() + found[3]

    return _INIT_FROM.sub(replaced, text)


def _usda(text: bytes, rename: Rename) -> bytes:
    return _each(_ASSET, text, rename, _plain, _spelled)


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
    """A path as a relative URI."""
    return quote(path, errors="surrogateescape")


_PLY_COLOUR = re.compile(
    rb"(?m)^(property[ \t]+\w+[ \t]+)(?:diffuse_)?(r|red|g|green|b|blue)(?=[ \t]*\r?$)"
)
_PLY_NAMES = {b"r": b"red", b"g": b"green", b"b": b"blue"}
_PLY_PLACE = re.compile(rb"(?m)^(property[ \t]+\w+[ \t]+)(?:texture_)?(u|v)(?=[ \t]*\r?$)")
_PLY_AXES = {b"u": b"s", b"v": b"t"}


def _ply(text: bytes, _: Rename) -> bytes:
    """Names no file: colours, and places in a picture, get the names that importers know."""
    head, mark, rest = text.partition(b"end_header")
    if not text.startswith(b"ply") or b"property" not in head:
        return text
    head = _PLY_COLOUR.sub(lambda found: found[1] + _PLY_NAMES.get(found[2], found[2]), head)
    if b"TextureFile" in head:
        head = _PLY_PLACE.sub(lambda found: found[1] + _PLY_AXES[found[2]], head)
    return head + mark + rest


NAMINGS: Dict[str, Naming] = {
    "obj": Naming(_obj, ("mtl",)),
    "mtl": Naming(_mtl),
    "gltf": Naming(_gltf),
    "glb": Naming(_glb),
    "dae": Naming(_dae),
    "ply": Naming(_ply),
    "usda": Naming(_usda, ("usda", "usd", "usdc")),
}
"""By suffix."""
