"""References of USD: layers (references, payloads, sublayers, clips), and packages with images."""

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
"""Deepest nesting of packages."""
_MEMBER = struct.Struct("<4s5H3I2H")
_LAYER = re.compile(r"\.(?:usd[acz]?|sdf|mtlx)(?=\Z|\[|:SDF_FORMAT_ARGS:)", re.IGNORECASE)
_LAYER_BYTES = re.compile(_LAYER.pattern.encode(), re.IGNORECASE)
_PATTERN = re.compile("#|<")
"""Placeholders for a number in the names of clips and tiled images."""
# Match all text from one delimiter to the next or to the end, whether it opens or closes a name,
# so that delimiters in comments cannot hide one. In order: asset names, asset names that contain
# "@", and strings.
_ASSETS = re.compile(rb"@([^@]*)")
_LONG_ASSETS = re.compile(rb"@@@([^@]*(?:(?:@(?!@@)|(?<=\\)@@@)[^@]*)*)")
_STRINGS = (
    re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)', re.DOTALL),
    re.compile(rb"'([^'\\]*(?:\\.[^'\\]*)*)", re.DOTALL),
)
_SPECIAL = re.compile(rb"[#\\]")
_COMPUTED = re.compile(r"`\s*(?:\$\{|[\"']|\w+\s*\()")
"""Start of an expression: a variable, a string that may contain variables, or a function call."""
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)


def read(path: str) -> Iterator[Reference]:
    """References in a layer or package; the format is detected by content, not by suffix.

    Raises: ObjectFault("import") for an unreadable crate, packages nested too deep, and file names
    that are computed by an expression.
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
    """References in the members of a package.

    Like USD, this walks the local headers and ignores the central directory.
    """
    if depth == MAX_NESTING:
        raise ObjectFault("import", f"it has packages nested more than {MAX_NESTING} deep")
    at = 0
    while content[at : at + 4] == ZIP_MAGIC and len(content) - at >= _MEMBER.size:
        *_, size, unpacked, name_size, extra_size = _MEMBER.unpack_from(content, at)
        start = at + _MEMBER.size + name_size + extra_size
        name = os.fsdecode(bytes(content[at + _MEMBER.size : at + _MEMBER.size + name_size]))
        if _LAYER.search(name):
            # USD resolves names in a member relative to the member, then to the package.
            inner = os.path.join(folders[0], os.path.dirname(name))  # noqa: PTH118, PTH120
            both = tuple(dict.fromkeys((*folders, inner)))
            yield from _layer(content[start : start + max(size, unpacked)], name, both, depth + 1)
        at = start + size


def _names(text: memoryview) -> Iterator[bytes]:
    """Asset names in a text layer, and strings that may be templates of clip names."""
    # The text between two names, which includes all geometry, matches too: search it in place and
    # copy only candidates.
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
    """Yield all attribute values of a MaterialX file.

    Raises: ObjectFault("import") if it uses `fileprefix` or is in UTF-16.
    """
    if b"fileprefix" in bytes(text) or b"\0" in bytes(text[:4]):
        raise ObjectFault("import", "its MaterialX uses 'fileprefix', or is in UTF-16")
    for pattern in _STRINGS:
        for found in pattern.finditer(text):
            yield os.fsencode(html.unescape(os.fsdecode(found[1])))


def _references(name: str, folders: tuple[str, ...]) -> Iterator[Reference]:
    """The references in `name` if it names a layer, a package, or a file in a package.

    A reference counts only if the file exists. The purpose of a string in a crate is unknown, and
    many are the path where the author saved the scene, as Houdini writes it; a file that does not
    exist is not read. Text layers follow the same rule as crates. A template names no single file,
    so its folder is checked instead.
    Raises: ObjectFault("import") if `name` is an expression.
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
            paths += readings(os.getcwd(), layer)  # noqa: PTH109 - USD's next search path
        yield Reference(name, paths, is_certain=False, is_followed=True)
