"""References of .blend files to libraries. Images are checked in Blender, after appending."""

from __future__ import annotations

import os.path
from typing import Iterator

from worker.blender.faults import ObjectFault
from worker.blender.references import blend_file
from worker.blender.references.reference import Reference, readings

RELATIVE = "//"


def read(path: str) -> Iterator[Reference]:
    """References in a .blend. Raises: ObjectFault("import") if they cannot be read."""
    folder = os.path.dirname(path)  # noqa: PTH120
    try:
        found = blend_file.read(path)
    except ImportError:
        raise ObjectFault(
            "import",
            "this Blender's Python cannot read its compression (no module "
            "'zstandard'): save it uncompressed",
        ) from None
    for name in found.libraries:
        relative = name.removeprefix(RELATIVE)
        yield Reference(name, readings(folder, relative), is_certain=False, is_followed=True)
