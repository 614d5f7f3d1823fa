"""Finds the materials of a Collada file that are cut out by the alpha of their own picture.

Foliage and fences are: <transparent> names the picture of <diffuse>, which Blender's importer does
not read. The XML is searched as text, for the reasons in `worker.blender.references.collada`.
"""

from __future__ import annotations

import html
import mmap
import os
import re
from pathlib import Path
from typing import Iterator

_VALUE = rb"\s*=\s*[\"']([^\"'<>]{1,256})[\"']"
_ID, _NAME = re.compile(rb"\sid" + _VALUE), re.compile(rb"\sname" + _VALUE)
_INSTANCE = re.compile(rb"<instance_effect\s[^<>]{0,256}?\burl" + _VALUE)
_TEXTURE = rb"([^<>]{0,256})>\s{0,64}<texture\s[^<>]{0,256}?\btexture" + _VALUE
_DIFFUSE = re.compile(rb"<diffuse" + _TEXTURE)
_TRANSPARENT = re.compile(rb"<transparent" + _TEXTURE)
_OTHER_MODE = re.compile(rb"\sopaque\s*=\s*[\"'](?!A_ONE[\"'])")
"""What is transparent is told by something else than the alpha channel."""
MOST_NAME = 63
"""Bytes of a name in Blender."""


def cut_out(path: str) -> frozenset[str]:
    """The names that Blender gives these materials of the .dae at `path`.

    Those that other materials have too are left out.
    """
    with Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return frozenset()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            effects = {
                b"#" + found[1]
                for effect in _elements(text, b"effect")
                if (found := _ID.search(_start(effect))) and _is_cut_out(effect)
            }
            materials = list(_elements(text, b"material")) if effects else []
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for material in materials:
        instance, start = _INSTANCE.search(material), _start(material)
        name = _NAME.search(start) or _ID.search(start)
        if instance is not None and name is not None:
            short = html.unescape(name[1].decode(errors="replace")).encode()[:MOST_NAME]
            names[instance[1] in effects].add(short.decode(errors="ignore"))
    return frozenset(names[True] - names[False])  # of two with one name, Blender renames one


def _elements(text: mmap.mmap, name: bytes) -> Iterator[bytes]:
    """The elements called `name`, none of which holds another one."""
    begin, end = b"<" + name, b"</" + name + b">"
    at = text.find(begin)
    while at >= 0:
        stop = at + len(begin)
        if text[stop : stop + 1].isspace():  # not, say, <materials>
            stop = text.find(end, at)
            if stop < 0:
                return
            yield text[at:stop]
        at = text.find(begin, stop)


def _start(element: bytes) -> bytes:
    return element[: element.find(b">")]


def _is_cut_out(effect: bytes) -> bool:
    diffuse, transparent = _DIFFUSE.search(effect), _TRANSPARENT.search(effect)
    return (
        diffuse is not None
        and transparent is not None
        and diffuse[2] == transparent[2]
        and not _OTHER_MODE.search(transparent[1])
    )
