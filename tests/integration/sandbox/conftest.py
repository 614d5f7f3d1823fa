"""For tests of the sandbox: a kernel that has one, and children that are hostile in it."""

from __future__ import annotations

import pytest

from tests.integration.sandbox.hostile_pool import hostile
from worker.supervisor.fence import mode
from worker.supervisor.pool import Pool


@pytest.fixture(scope="session", autouse=True)
def kernel():
    """A kernel that can fence wholly."""
    if missing := mode.support().missing:
        pytest.skip(f"NOT TESTED: this kernel cannot fence: {'; '.join(missing)}")


@pytest.fixture
def hostile_pool(tmp_path):
    """A function that opens a pool of hostile children; see hostile_child.py."""
    pools = []

    def make(way: str) -> Pool:
        pool = hostile(way, tmp_path)
        pools.append(pool)
        pool.open()
        return pool

    yield make
    for pool in pools:
        pool.close(now=True)
