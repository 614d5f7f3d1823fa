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

Rename = Callable[[str], Optional[str]]
"""Told a name as it is written; returns the one to write there, or None to leave it."""
Rewrite = Callable[[bytes, Rename], bytes]

BOM = b"\xef\xbb\xbf"
_LIBRARY = re.compile(rb"(?m)^([ \t]*mtllib[ \t]+)([^\r\n]{1,1024}?)([ \t]*)(?=\r?$)")
_MAP = re.compile(
    rb"(?mi)^([ \t]*(?:map_\w+|bump|disp|decal|refl|norm)[ \t]+)([^\r\n]{1,1024}?)([ \t]*)(?=\r?$)"
)
_OPTION = re.compile(
    r"-(?:blendu|blendv|cc|clamp|imfchan|type|texres|boost|bm)[ \t]+\S+[ \t]+"
    r"|-mm[ \t]+\S+[ \t]+\S+[ \t]+|-[ost](?:[ \t]+[-+.\deE]+){1,3}[ \t]+"
)
_INIT_FROM = re.compile(rb"(<init_from>\s{0,64}(?:<ref>\s{0,64})?)([^<]{1,1024}?)(\s{0,64}<)")
_IMAGE_ID = re.compile(rb"<image\s[^>]{0,1024}?\bid\s*=\s*[\"']([^\"'<]{1,256})[\"']")
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
                item["uri"], changed = new, True
    return json.dumps(content).encode() if changed else text


def _dae(text: bytes, rename: Rename) -> bytes:
    images = {html.unescape(_plain(name)) for name in _IMAGE_ID.findall(text)}

    def of_image(name: str) -> Optional[str]:
        return None if name in images else rename(name)  # a surface names the image

    return _each(
        _INIT_FROM, text, of_image, lambda raw: html.unescape(_plain(raw)),
        lambda name: html.escape(name, quote=False).encode(errors="surrogateescape"),
    )  # fmt: skip


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


_PLY_COLOUR = re.compile(
    rb"(?m)^(property[ \t]+\w+[ \t]+)(?:diffuse_)?(r|red|g|green|b|blue)(?=[ \t]*\r?$)"
)
_PLY_NAMES = {b"r": b"red", b"g": b"green", b"b": b"blue"}


def _ply(text: bytes, _: Rename) -> bytes:
    """Names no file: colours get the names that importers know."""
    head, mark, rest = text.partition(b"end_header")
    if not text.startswith(b"ply") or b"property" not in head:
        return text
    head = _PLY_COLOUR.sub(lambda found: found[1] + _PLY_NAMES.get(found[2], found[2]), head)
    return head + mark + rest


NAMINGS: Dict[str, Naming] = {
    "obj": Naming(_obj, ("mtl",)),
    "mtl": Naming(_mtl),
    "gltf": Naming(_gltf),
    "dae": Naming(_dae),
    "ply": Naming(_ply),
    "usda": Naming(_usda, ("usda", "usd", "usdc")),
}
"""By suffix."""
