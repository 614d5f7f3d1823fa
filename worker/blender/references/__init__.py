"""Finds the files that an importer would read because a model names them, before the import.

Only files read during the import are covered. Images and other files that are read later are
checked in Blender (`importers`, `textures`).
"""

from __future__ import annotations

import os.path
from typing import Callable, Iterator

from worker.blender.faults import ObjectFault
from worker.blender.references import blend, collada, gltf, obj, usd
from worker.blender.references.reference import Reference

MAX_FILES = 20_000
"""Most files that one model may reference, as many as an archive may contain.

USD assemblies have thousands of layers.
"""

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
"""Keyed by the suffix of the model."""


def walk(model: str, suffix: str) -> Iterator[Reference]:
    """Yield all references in `model` (an absolute path), and in the files it references.

    A file is opened only after the reference to it was yielded, so that a caller can reject the
    reference before its file is opened.
    Raises: ObjectFault("import") if a file's references cannot be found, or there are more than
    MAX_FILES files.
    """
    if suffix not in READERS:
        return
    waiting, seen = [model], {os.path.realpath(model)}
    while waiting:
        path = waiting.pop()
        for reference in _read(path, suffix, model):
            yield reference
            for named in reference.paths if reference.is_followed else ():
                # Unlike Path.is_file, this does not raise for an invalid name.
                if os.path.isfile(named) and os.path.realpath(named) not in seen:  # noqa: PTH113
                    seen.add(os.path.realpath(named))
                    waiting.append(named)
        if len(seen) > MAX_FILES:
            raise ObjectFault("import", f"it refers to more than {MAX_FILES} other files")


def _read(path: str, suffix: str, model: str) -> Iterator[Reference]:
    try:
        yield from READERS[suffix](path)
    except ObjectFault as fault:
        if path == model:
            raise
        raise ObjectFault(fault.code, f"{os.path.basename(path)}: {fault}") from None  # noqa: PTH119
