"""Layers that USD reads: references, payloads, sublayers, clips, and packages of pictures."""

from __future__ import annotations

import html
import mmap
import os.path
import re
import struct
from pathlib import Path
from typing import Iterator

from worker.blender.faults import ObjectFault
from worker.blender.references import crate
from worker.blender.references.reference import Reference, readings

ZIP_MAGIC = b"PK\x03\x04"
MAX_NESTING = 8
"""Packages in packages."""
_MEMBER = struct.Struct("<4s5H3I2H")
_LAYER = re.compile(r"\.(?:usd[acz]?|sdf|mtlx)(?=\Z|\[|:SDF_FORMAT_ARGS:)", re.IGNORECASE)
_LAYER_BYTES = re.compile(_LAYER.pattern.encode(), re.IGNORECASE)
_PATTERN = re.compile("#|<")
"""Where names of clips and tiled pictures have a number put in."""
# Every stretch from one mark to the next or to the end, whatever the marks around it are taken
# for: comments cannot shift it. The names of assets, the same with "@" in them, and strings.
_ASSETS = re.compile(rb"@([^@]*)")
_LONG_ASSETS = re.compile(rb"@@@([^@]*(?:(?:@(?!@@)|(?<=\\)@@@)[^@]*)*)")
_STRINGS = (
    re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)', re.DOTALL),
    re.compile(rb"'([^'\\]*(?:\\.[^'\\]*)*)", re.DOTALL),
)
_SPECIAL = re.compile(rb"[#\\]")
_COMPUTED = re.compile(r"`\s*(?:\$\{|[\"']|\w+\s*\()")
"""Beginning of an expression: a variable, a string with some in it, a function."""
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)


def read(path: str) -> Iterator[Reference]:
    """References of a layer or package; its content, not its suffix, tells which it is.

    Raises: ObjectFault("import") for a crate that cannot be read, and for names it computes.
    """
    with Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    folder = os.path.dirname(path)  # noqa: PTH120
    yield from _layer(content, path, (folder,), 0)


def _layer(
    content: memoryview, name: str, folders: tuple[str, ...], depth: int
) -> Iterator[Reference]:
    if content[:4] == ZIP_MAGIC:
        yield from _package(content, folders, depth)
        return
    if content[:8] == crate.MAGIC:
        try:
            names = iter(crate.tokens(content))
        except ValueError as error:
            raise ObjectFault("import", f"it cannot be read: {error}") from None
    else:
        names = _materials(content) if name.lower().endswith(".mtlx") else _names(content)
    for found in dict.fromkeys(names):
        yield from _references(os.fsdecode(found), folders)


def _package(content: memoryview, folders: tuple[str, ...], depth: int) -> Iterator[Reference]:
    """Members as USD finds them: from head to head, never by the directory at the end."""
    if depth == MAX_NESTING:
        raise ObjectFault("import", f"it has packages nested more than {MAX_NESTING} deep")
    at = 0
    while content[at : at + 4] == ZIP_MAGIC and len(content) - at >= _MEMBER.size:
        *_, size, unpacked, name_size, extra_size = _MEMBER.unpack_from(content, at)
        start = at + _MEMBER.size + name_size + extra_size
        name = os.fsdecode(bytes(content[at + _MEMBER.size : at + _MEMBER.size + name_size]))
        if _LAYER.search(name):
            # What a member names is looked for beside it in the package, then beside the package.
            inner = os.path.join(folders[0], os.path.dirname(name))  # noqa: PTH118, PTH120
            both = tuple(dict.fromkeys((*folders, inner)))
            yield from _layer(content[start : start + max(size, unpacked)], name, both, depth + 1)
        at = start + size


def _names(text: memoryview) -> Iterator[bytes]:
    """Names of assets in a text layer, and strings that are patterns of clips' names."""
    # What is between two names is looked at too, all geometry, so nothing is copied in vain.
    for found in _ASSETS.finditer(text):
        if _may_lead(text, *found.span(1)):
            yield found[1]
    for found in _LONG_ASSETS.finditer(text):
        if _may_lead(text, *found.span(1)):
            yield found[1].replace(rb"\@@@", b"@@@").lstrip(b"@")
    for pattern in _STRINGS:
        for found in pattern.finditer(text):
            if _SPECIAL.search(text, *found.span(1)):
                string = _ESCAPE.sub(_unescape, found[1])
                if b"#" in string:
                    yield string


def _may_lead(text: memoryview, start: int, end: int) -> bool:
    is_computed = text[start:end][:1].tobytes() == b"`"
    return is_computed or _LAYER_BYTES.search(text, start, end) is not None


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes([int(found[1], 16)])
    return bytes([int(found[2], 8) & 255]) if found[2] else found[3]


def _materials(text: memoryview) -> Iterator[bytes]:
    """Attributes of MaterialX."""
    if b"fileprefix" in bytes(text) or b"\0" in bytes(text[:4]):
        raise ObjectFault("import", "its MaterialX puts names of files together, or is in UTF-16")
    for pattern in _STRINGS:
        for found in pattern.finditer(text):
            yield os.fsencode(html.unescape(os.fsdecode(found[1])))


def _references(name: str, folders: tuple[str, ...]) -> Iterator[Reference]:
    """What `name` leads to if it is that of a layer or package, or lies in one.

    Only where there is such a file does it count: strings of a crate do not say what they are
    for, and many hold where the author saved the scene (Houdini's do). One that names nothing
    here is read by nobody, and text is judged as the crate made of it. A pattern names no file by
    itself, so its folder counts instead.
    """
    if _COMPUTED.match(name) and name[-1] == "`" and "\n" not in name:
        raise ObjectFault("import", f"it computes the name of a file: {name[:200]}")
    for end in (found.end() for found in _LAYER.finditer(name)):
        layer = name[:end]
        paths = tuple(path for folder in folders for path in readings(folder, layer))
        mark = _PATTERN.search(layer)
        if mark:
            start = layer[: mark.start()].replace("\\", "/").rpartition("/")
            places = (path for folder in folders for path in readings(folder, start[0] + start[1]))
            any_in = (os.path.join(place, "x") for place in places if os.path.isdir(place))  # noqa: PTH112, PTH118
            yield Reference(name, tuple(any_in))
        if not any(map(os.path.exists, paths)):
            paths += readings(os.getcwd(), layer)  # noqa: PTH109 - where USD looks next
        yield Reference(name, paths, is_certain=False, is_followed=True)
