"""A pool of real Blender children over small real models."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.patience import PATIENT
from worker.blender.mischief import VARIABLE
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions


@pytest.fixture
def make_pool(tmp_path):
    """A function that opens a pool, with a fault for some objects or another program if asked."""
    pools = []

    def make(mischief: str = "", program: Path | None = None, **options) -> Pool:
        found = runtime.find(str(program or "bpy"))
        if mischief:
            found = msgspec.structs.replace(found, environment={VARIABLE: mischief})
        options.setdefault("limits", PATIENT)
        options.setdefault("device", "cpu")
        pool = Pool(found, PoolOptions(**options), tmp_path / "children")
        pools.append(pool)
        pool.open()
        return pool

    yield make
    for pool in pools:
        pool.close(now=True)
