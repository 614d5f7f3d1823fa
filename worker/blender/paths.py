"""The object's own folder, and what lies outside it."""

from __future__ import annotations

import json
import mmap
import os.path
import re
import struct
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import unquote

from worker.blender.faults import ObjectFault

GLB_HEAD = 20
"""Bytes before the JSON of a GLB: its header (12) and that of its first chunk (8)."""
_MTLLIB = re.compile(rb"^[ \t]*mtllib[ \t]+([^\r\n]+)", re.MULTILINE)


class Root:
    """The folder whose files an object may use, symlinks resolved."""

    def __init__(self, root: str, model: str) -> None:
        self.path = os.path.realpath(root)
        self.model = str(Path(self.path, model))

    def locate(self, name: str) -> str:
        """The file that the model calls `name`, as an absolute path with links unresolved."""
        name = name.replace("\\", "/")
        return os.path.join(os.path.dirname(self.model), name)  # noqa: PTH118, PTH120 - keeps ".."

    def holds(self, path: str) -> bool:
        """Whether `path` (absolute), its links resolved, lies in the folder.

        Of "link/../file" some readers resolve the link first and some the dots: both must.
        """
        inside = self.path.rstrip("/") + "/"
        readings = (os.path.realpath(path), os.path.realpath(os.path.normpath(path)))
        return all(reading.startswith(inside) for reading in readings)

    def name(self, path: str) -> str:
        """What to call `path` in the results: never where this machine keeps it.

        Relative to the folder; of a file elsewhere only its own name.
        """
        relative = os.path.relpath(path, self.path)
        return Path(path).name if relative.startswith("..") else relative

    def check(self, suffix: str) -> None:
        """Refuse a model that importers would follow out of the folder.

        Only what is read during the import counts here: buffers of glTF, material libraries of
        OBJ. Pictures and other files used later are looked at in Blender (`pictures`).
        Raises: ObjectFault("import").
        """
        if not Path(self.model).is_file():
            raise ObjectFault("import", f"no such file: {self.name(self.model)}")
        if not self.holds(self.model):
            raise ObjectFault("import", "the model is a link out of the object's own folder")
        for name in REFERENCES.get(suffix, lambda _: iter(()))(self.model):
            if not self.holds(self.locate(name)):
                raise ObjectFault(
                    "import", f"it reads a file outside the object's own folder: {name[:200]}"
                )


def _buffers(path: str) -> Iterator[str]:
    # Like the importer, this goes by the content and not by the suffix.
    with Path(path).open("rb") as file:
        head = file.read(GLB_HEAD)
        if head[:4] == b"glTF" and len(head) == GLB_HEAD:
            yield from _buffer_names(file.read(struct.unpack("<I", head[12:16])[0]))
        else:
            yield from _buffer_names(head + file.read())


def _buffer_names(text: bytes) -> Iterator[str]:
    try:
        content: Any = json.loads(text)
        uris = [buffer.get("uri") for buffer in content.get("buffers", [])]
    except (ValueError, AttributeError, RecursionError, TypeError):
        return  # the importer will say what is wrong with it
    for uri in uris:
        if isinstance(uri, str) and not uri.startswith("data:"):
            yield unquote(uri)


def _material_libraries(path: str) -> Iterator[str]:
    # Blender also looks for a library named as the model is.
    yield Path(path).with_suffix(".mtl").name
    with Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            for found in _MTLLIB.finditer(text):
                line = found[1].decode(errors="replace").strip()
                yield line
                yield from line.split()


REFERENCES = {
    "gltf": _buffers,
    "glb": _buffers,
    "obj": _material_libraries,
}
