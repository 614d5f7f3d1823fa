"""References of glTF to buffers, and to images that the importer reads like buffers."""

from __future__ import annotations

import json
import os.path
import struct
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import unquote

from worker.blender.faults import ObjectFault
from worker.blender.references.reference import Reference, readings

GLB_HEAD = 20
"""Bytes before the JSON of a GLB: the file header (12) and the header of the first chunk (8)."""
DATA = "data:"


def content(path: str) -> Any:
    """The parsed JSON of a .gltf or .glb; None if it is invalid, which the importer reports.

    Raises: ObjectFault("import") if the JSON is nested too deep.
    """
    # Like the importer, this detects the format by content, not by suffix.
    with Path(path).open("rb") as file:
        head = file.read(GLB_HEAD)
        is_binary = head[:4] == b"glTF" and len(head) == GLB_HEAD
        text = file.read(struct.unpack("<I", head[12:16])[0]) if is_binary else head + file.read()
    try:
        return json.loads(text)
    except ValueError:
        return None
    except RecursionError:
        raise ObjectFault("import", "its JSON is nested too deep") from None


def read(path: str) -> Iterator[Reference]:
    """References in a .gltf or .glb. Raises: ObjectFault("import") for JSON nested too deep."""
    found = content(path)
    folder = os.path.dirname(path)  # noqa: PTH120
    buffers = _uris(found, "buffers")
    # Blender loads other images by path, which is checked later.
    pictures = (uri for uri in _uris(found, "images") if uri.startswith(DATA))
    for uri in (*buffers, *pictures):
        # The importer treats only base64 as inline data, any other "data:" URI as a file name.
        if not (uri.startswith(DATA) and ";base64," in uri):
            spelled = (uri, unquote(uri), unquote(uri.replace("\\", "/")))
            yield Reference(uri, readings(folder, *spelled))


def _uris(content: Any, kind: str) -> Iterator[str]:
    items = content.get(kind) if isinstance(content, dict) else None
    for item in items if isinstance(items, list) else ():
        uri = item.get("uri") if isinstance(item, dict) else None
        if isinstance(uri, str):
            yield uri
