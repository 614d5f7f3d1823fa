"""Files that an importer reads because a model names them, found without the importer.

Only what is read during the import counts here. Pictures and other files used later are looked
at in Blender (`importers`, `textures`).
"""

from __future__ import annotations

import os.path
from typing import Callable, Iterator

from worker.blender.faults import ObjectFault
from worker.blender.references import blend, collada, gltf, obj, usd
from worker.blender.references.reference import Reference

MAX_FILES = 20_000
"""That one model may lead to: assemblies of USD have thousands of layers, an archive no more."""

READERS: dict[str, Callable[[str], Iterator[Reference]]] = {
    "gltf": gltf.read,
    "glb": gltf.read,
    "obj": obj.read,
    "usd": usd.read,
    "usda": usd.read,
    "usdc": usd.read,
    "usdz": usd.read,
    "dae": collada.read,
    "blend": blend.read,
}
"""By a model's suffix."""


def walk(model: str, suffix: str) -> Iterator[Reference]:
    """All references of `model` (absolute), and of the files it leads to.

    A file is opened only after the reference to it was taken, so that a caller who refuses it
    by raising has opened nothing.
    Raises: ObjectFault("import") for a file of which that cannot be told, or too many of them.
    """
    if suffix not in READERS:
        return
    waiting, seen = [model], {os.path.realpath(model)}
    while waiting:
        path = waiting.pop()
        for reference in _read(path, suffix, model):
            yield reference
            for named in reference.paths if reference.is_followed else ():
                # Never raises, as Path.is_file does for a name that no file can have.
                if os.path.isfile(named) and os.path.realpath(named) not in seen:  # noqa: PTH113
                    seen.add(os.path.realpath(named))
                    waiting.append(named)
        if len(seen) > MAX_FILES:
            raise ObjectFault("import", f"it leads to more than {MAX_FILES} other files")


def _read(path: str, suffix: str, model: str) -> Iterator[Reference]:
    try:
        yield from READERS[suffix](path)
    except ObjectFault as fault:
        if path == model:
            raise
        raise ObjectFault(fault.code, f"{os.path.basename(path)}: {fault}") from None  # noqa: PTH119
