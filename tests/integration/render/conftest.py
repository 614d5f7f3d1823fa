"""A pool of real Blender children over small real models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.patience import PATIENT
from tests.tools.programs import faulty
from worker import presets
from worker.contract.protocol import Phase
from worker.index.record import ObjectRef
from worker.sources.base import FetchedObject
from worker.supervisor import canary, runtime
from worker.supervisor.pool import Pool, PoolOptions

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


def hurried(pool: Pool, where: str, **limits: float) -> Callable[[Phase], None]:
    """For `Pool.render`: these limits while a fault strikes in the phase `where`, else patience."""

    def on_phase(told: Phase) -> None:
        strikes = told.phase == where and told.view in {-1, 1}
        watch = pool._slots[0].child._watch
        watch._limits = msgspec.structs.replace(PATIENT, **(limits if strikes else {}))
        watch.enter(told.phase)

    return on_phase


@pytest.fixture
def make_pool(tmp_path):
    """A function that opens a pool, with a fault for some objects, or another program, if asked."""
    pools = []

    def make(fault: str = "", program: Path | None = None, **options) -> Pool:
        if fault:
            program = faulty(tmp_path / "faulty-blender", fault)
        found = runtime.find(str(program or "bpy"))
        options.setdefault("limits", PATIENT)
        options.setdefault("device", "cpu")
        pool = Pool(found, PoolOptions(**options), tmp_path / "children")
        pools.append(pool)
        pool.open()
        return pool

    yield make
    for pool in pools:
        pool.close(now=True)
