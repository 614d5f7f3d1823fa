"""A worker in a process of its own: renders objects with one child, tells what both then hold.

    python -m tests.integration.render.growing FOLDER OBJECTS SETTLED

Prints {"SETTLED": {"child": HOLDING, "worker": HOLDING}, "OBJECTS": …, "children": COUNT}.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.tools import processes
from worker import presets
from worker.index.record import ObjectRef
from worker.sources.base import FetchedObject
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions

SMALL = presets.load("default", ["views=1", "resolution=16", "samples=1"])
SUFFIXES = {".glb", ".gltf", ".obj", ".fbx", ".stl", ".ply"}


def holding(pid: int) -> dict[str, int]:
    """What a process holds: resident bytes, descriptors, threads."""
    process = Path(f"/proc/{pid}")
    pages = int((process / "statm").read_text().split()[1])
    return {
        "resident": pages * os.sysconf("SC_PAGE_SIZE"),
        "descriptors": len(list((process / "fd").iterdir())),
        "threads": len(list((process / "task").iterdir())),
    }


def fetched(path: Path) -> FetchedObject:
    return FetchedObject(
        ref=ObjectRef(file_identifier=path.name), root=path.parent, model=path.name,
        sha256="0" * 64, size=path.stat().st_size,
    )  # fmt: skip


def main(folder: Path, objects: int, settled: int) -> None:
    models = [p for p in sorted((folder / "samples").iterdir()) if p.suffix in SUFFIXES]
    assert len(models) > 4
    options = PoolOptions(device="cpu", recycle_after=10 * objects)
    pool = Pool(runtime.find("bpy"), options, folder / "children")
    pool.expect([folder / "samples"])
    pool.open()
    children = set(processes.below(folder / "children"))
    (child,) = children
    told: dict[str, object] = {}
    for number in range(1, objects + 1):
        pool.render(fetched(models[number % len(models)]), SMALL, folder / "raw")
        if number in {settled, objects}:
            told[str(number)] = {"child": holding(child), "worker": holding(os.getpid())}
    children |= set(processes.below(folder / "children"))
    pool.close()
    sys.stdout.write(json.dumps({**told, "children": len(children)}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
