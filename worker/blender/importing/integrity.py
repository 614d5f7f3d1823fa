"""Checks before the import that a file has the format of its suffix and is complete.

Importers react differently to a truncated or invalid file: with an exception, an empty scene or an
abort of the whole process. This check gives them all one failure code and a uniform message.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Callable, Dict

from worker.blender.faults import ObjectFault
from worker.blender.importing import ply_file

STL_HEAD, STL_FACET = 84, 50
OGAWA = b"Ogawa"
HDF5 = b"\x89HDF\r\n\x1a\n"
_STATEMENT = re.compile(rb"(?m)^[ \t]*(?:v|vn|vt|vp|f|l|p|o|g|s|mtllib|usemtl|curv|surf)[ \t]")
_COMMENT = re.compile(rb"(?m)^[ \t]*(?:#.*)?\r?$")
_FACET = re.compile(rb"\bfacet\b", re.IGNORECASE)
_END = re.compile(rb"\bendsolid\b", re.IGNORECASE)
START = 1 << 16


def check(path: str, suffix: str) -> None:
    """Reject a file that is empty, truncated or of another format.

    Raises: ObjectFault("import").
    """
    size = Path(path).stat().st_size
    reason = "the file is empty" if not size else CHECKS.get(suffix, _nothing)(path, size)
    if reason:
        raise ObjectFault("import", f"cannot import the .{suffix}: {reason}")


def _nothing(_path: str, _size: int) -> str:
    return ""


def _glb(path: str, size: int) -> str:
    with Path(path).open("rb") as file:
        head = file.read(12)
    if head[:4] != b"glTF" or len(head) < 12:  # noqa: PLR2004 - the header's length
        return ""  # a JSON file with the suffix .glb, which the importer accepts
    declared = struct.unpack("<I", head[8:])[0]
    return _truncated(declared, size) if declared > size else ""


def _stl(path: str, size: int) -> str:
    with Path(path).open("rb") as file:
        start = file.read(START)
        file.seek(max(0, size - START))
        end = file.read()
    if size >= STL_HEAD:
        declared = STL_HEAD + STL_FACET * struct.unpack("<I", start[80:84])[0]
        if declared == size:
            return ""
        is_text = start[:STL_HEAD].decode("latin-1").isprintable()
        if not start.lstrip().lower().startswith(b"solid") and declared > size and not is_text:
            return _truncated(declared, size)
    if start.lstrip().lower().startswith(b"solid"):
        if _FACET.search(start) and not _END.search(end):
            return "it is truncated: it has no 'endsolid'"
        return ""
    return "it is neither a binary nor a text STL" if size < STL_HEAD or declared > size else ""


def _obj(path: str, _size: int) -> str:
    with Path(path).open("rb") as file:
        start = file.read(START)
    if _STATEMENT.search(start) or not _COMMENT.sub(b"", start).strip():
        return ""
    return "none of its lines is an OBJ statement"


def _ply(path: str, size: int) -> str:
    header = ply_file.read_header(path)
    if header is None:
        return "it has no PLY header"
    vertex = header.element("vertex")
    if vertex is not None and not vertex.rows:
        raise ObjectFault("empty", "nothing to render: the file has no points")
    declared = header.least_bytes()
    return _truncated(declared, size) if declared > size else ""


def _dae(path: str, _size: int) -> str:
    with Path(path).open("rb") as file:
        start = file.read(START).replace(b"\0", b"")  # also of UTF-16
    return "" if b"<COLLADA" in start or b":COLLADA" in start else "it is not a Collada document"


def _abc(path: str, size: int) -> str:
    with Path(path).open("rb") as file:
        head = file.read(16)
    if head.startswith(HDF5):
        return "it is an HDF5 Alembic archive, which Blender cannot read: convert it to Ogawa"
    if not head.startswith(OGAWA):
        return "it is not an Alembic archive"
    if len(head) < 16 or struct.unpack("<Q", head[8:])[0] >= size:  # noqa: PLR2004 - the header's
        return "it is truncated"
    return ""


def _truncated(declared: int, size: int) -> str:
    return f"it is truncated: it declares {declared:,} bytes, but has {size:,}"


CHECKS: Dict[str, Callable[[str, int], str]] = {
    "glb": _glb, "stl": _stl, "obj": _obj, "ply": _ply, "dae": _dae, "abc": _abc,
}  # fmt: skip
