"""A pool of real Blender children over small real models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patience import PATIENT
from tests.tools.programs import faulty
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions


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
        (tmp_path / "m").mkdir(exist_ok=True)
        pool.expect([tmp_path / "m"])  # where the tests' models are
        pool.open()
        return pool

    yield make
    for pool in pools:
        pool.close(now=True)
