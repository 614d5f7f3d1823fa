"""A child and its worker do not grow with the objects they render."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.render.conftest import processes_of
from worker import presets
from worker.index.record import ObjectRef
from worker.render.pool import Pool
from worker.sources.base import FetchedObject

ROOT = Path(__file__).parents[3]
OBJECTS = 200
SETTLED = 20
SMALL = presets.load("default", ["views=1", "resolution=16", "samples=1"])


@dataclass(frozen=True)
class Holding:
    """What a process holds: resident bytes, descriptors, threads."""

    resident: int
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Holding:
        process = Path(f"/proc/{pid}")
        pages = int((process / "statm").read_text().split()[1])
        return cls(
            pages * os.sysconf("SC_PAGE_SIZE"),
            len(list((process / "fd").iterdir())),
            len(list((process / "task").iterdir())),
        )


def samples(folder: Path) -> list[FetchedObject]:
    """The project's own samples: several formats, with textures."""
    command = [sys.executable, "-m", "worker.blender.samples", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=120)
    return [
        FetchedObject(
            ref=ObjectRef(file_identifier=path.name),
            root=folder,
            model=path.name,
            sha256="0" * 64,
            size=path.stat().st_size,
        )
        for path in sorted(folder.iterdir())
        if path.suffix in {".glb", ".gltf", ".obj", ".fbx", ".stl", ".ply"}
    ]


@pytest.mark.slow
def test_two_hundred_objects_leave_child_and_worker_as_they_were(
    make_pool, tmp_path, record_property
):
    pool: Pool = make_pool(recycle_after=10 * OBJECTS)
    (child,) = processes_of(tmp_path / "children")
    kinds = samples(tmp_path / "samples")
    assert len(kinds) > 4
    held: dict[int, dict[str, Holding]] = {}
    for number in range(1, OBJECTS + 1):
        pool.render(kinds[number % len(kinds)], SMALL, tmp_path / "raw")
        if number in {SETTLED, OBJECTS}:
            held[number] = {"child": Holding.of(child), "worker": Holding.of(os.getpid())}
    assert processes_of(tmp_path / "children") == [child], "one child rendered them all"
    for name, before in held[SETTLED].items():
        after = held[OBJECTS][name]
        grown = (after.resident - before.resident) / (OBJECTS - SETTLED)
        record_property(f"{name}: bytes an object", round(grown))
        assert grown < 1 << 20
        assert after.descriptors == before.descriptors
        assert after.threads == before.threads
