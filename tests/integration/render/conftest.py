"""A pool of real Blender children over small real models."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from worker import presets
from worker.blender.mischief import VARIABLE
from worker.index.record import ObjectRef
from worker.render import canary, runtime
from worker.render.pool import Pool, PoolOptions
from worker.render.watch import Limits
from worker.sources.base import FetchedObject

RECIPE = presets.load("default", ["views=2", "resolution=16", "samples=1"])


def model(folder: Path, name: str) -> FetchedObject:
    """A cube called `name`.obj."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.obj"
    path.write_text(canary.CUBE)
    return FetchedObject(
        ref=ObjectRef(file_identifier=path.name),
        root=folder,
        model=path.name,
        sha256="0" * 64,
        size=path.stat().st_size,
    )


def processes_of(home: Path) -> list[int]:
    """Living processes whose working folder is below `home`, as all of a pool's children's is."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            where = str((entry / "cwd").readlink())
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if where.startswith(str(home)) and state != "Z":
            found.append(int(entry.name))
    return found


def wait_for(condition, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def make_pool(tmp_path):
    """A function that opens a pool, with a fault for some objects or another program if asked."""
    pools = []

    def make(mischief: str = "", program: Path | None = None, **options) -> Pool:
        found = runtime.find(str(program or "bpy"))
        if mischief:
            found = msgspec.structs.replace(found, environment={VARIABLE: mischief})
        options.setdefault("limits", Limits(object_s=60.0))
        options.setdefault("device", "cpu")
        pool = Pool(found, PoolOptions(**options), tmp_path / "children")
        pools.append(pool)
        pool.open()
        return pool

    yield make
    for pool in pools:
        pool.close(now=True)
