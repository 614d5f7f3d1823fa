"""Repairs files that are valid but for a detail that Blender's importers do not accept.

Byte order marks, line ends of Mac OS 9, STL keywords in capitals, and bytes after the end.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, Tuple

Repair = Callable[[bytes], bytes]
BOM = b"\xef\xbb\xbf"
START = 1 << 16
"""Bytes at the start of a file that show its line ends and its keywords."""
STL_HEAD, STL_FACET = 84, 50
GLB_LENGTH = slice(8, 12)
_ASCII_PLY = re.compile(rb"ply\s+format\s+ascii\s")
_MTL_WORDS = {
    word.lower(): word
    for word in (b"newmtl", b"Ka", b"Kd", b"Ks", b"Ke", b"Ns", b"Ni", b"Pr", b"Pm", b"illum",
                 b"map_Ka", b"map_Kd", b"map_Ks", b"map_Ke", b"map_Ns", b"map_d", b"map_Bump",
                 b"map_Pr", b"map_Pm")
}  # fmt: skip
_COMMENTS = re.compile(rb"(?:[ \t]*(?:#[^\n]*)?\r?\n)+")
_RGB_ZERO = re.compile(
    rb"<transparent\s+opaque\s*=\s*[\"']RGB_ZERO[\"']\s*>\s*<color\b[^>]{0,99}>([^<]{1,99})</color>"
    rb"\s*</transparent>(?:\s*<transparency>\s*<float\b[^>]{0,99}>([^<]{1,99})</float>"
    rb"\s*</transparency>)?"
)
_A_ONE = (
    b'<transparent opaque="A_ONE"><color>1 1 1 1</color></transparent>'
    b"<transparency><float>%.6f</float></transparency>"
)
_KEYWORD = re.compile(rb"(?m)^([ \t]*)([A-Za-z_]+)(?=[ \t])")


def repaired(data: bytes, suffix: str) -> bytes:
    """The content of a file of format `suffix` as its importer accepts it."""
    for repair in REPAIRS.get(suffix, ()):
        data = repair(data)
    return data


def _without_bom(data: bytes) -> bytes:
    return data.removeprefix(BOM)


def _with_line_feeds(data: bytes) -> bytes:
    start = data[:START]
    if b"\r" not in start or b"\n" in start or b"\0" in start:
        return data
    return data.replace(b"\r", b"\n")


def _ply(data: bytes) -> bytes:
    return _with_line_feeds(data) if _ASCII_PLY.match(data) else data


def _mtl(data: bytes) -> bytes:
    """Spell keywords as the specification does; importers ignore other spellings."""

    def spelled(found: re.Match[bytes]) -> bytes:
        return found[1] + _MTL_WORDS.get(found[2].lower(), found[2])

    return _KEYWORD.sub(spelled, data)


def _stl(data: bytes) -> bytes:
    if data[len(BOM) :].lstrip()[:5].lower() == b"solid":
        data = _without_bom(data)
    start = data[:START]
    if start.lstrip()[:5].lower() == b"solid" and b"\0" not in start:
        is_upper = b"FACET" in start and b"facet" not in start
        return _with_line_feeds(data.lower() if is_upper else data)
    length = STL_HEAD + STL_FACET * int.from_bytes(data[STL_HEAD - 4 : STL_HEAD], "little")
    return data[:length] if STL_HEAD < length < len(data) else data


def _dae(data: bytes) -> bytes:
    """Write RGB_ZERO transparency as A_ONE, the only kind that Blender reads as it is meant.

    In RGB_ZERO, black is opaque.
    """

    def alike(found: re.Match[bytes]) -> bytes:
        try:
            parts = [float(word) for word in found[1].split()[:3]]
            share = float(found[2] or 1.0)
        except ValueError:
            return found[0]
        return _A_ONE % (1.0 - share * sum(parts) / max(1, len(parts)))

    return _RGB_ZERO.sub(alike, data)


def _off(data: bytes) -> bytes:
    comments = _COMMENTS.match(data)
    return data[comments.end() :] if comments else data


def _glb(data: bytes) -> bytes:
    length = int.from_bytes(data[GLB_LENGTH], "little")
    return data[:length] if data[:4] == b"glTF" and GLB_LENGTH.stop < length else data


REPAIRS: Dict[str, Tuple[Repair, ...]] = {
    "obj": (_without_bom, _with_line_feeds),
    "mtl": (_without_bom, _with_line_feeds, _mtl),
    "dae": (_dae,),
    "off": (_without_bom, _with_line_feeds, _off),
    "gltf": (_without_bom,),
    "glb": (_glb,),
    "ply": (_without_bom, _ply),
    "stl": (_stl,),
    "usda": (_without_bom,),
}
"""Keyed by suffix."""
