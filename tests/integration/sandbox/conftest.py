"""Pools whose children are fenced, of Blender itself or of a child that is hostile."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT
from tests.patience import PATIENT
from worker.supervisor.fence import mode
from worker.supervisor.fence.fences import Surroundings
from worker.supervisor.pool import Pool, PoolOptions
from worker.supervisor.runtime import Runtime

HOSTILE = Path(__file__).with_name("hostile_child.py")


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


def hostile(way: str, folder: Path) -> Pool:
    """A pool in `folder`, not opened, of children that are hostile in this way."""
    runtime = Runtime("bpy", (sys.executable, "-P", str(HOSTILE), way))
    options = PoolOptions(device="cpu", sandbox="require", limits=PATIENT)
    surroundings = Surroundings(objects=(ROOT / "tests",), private=(folder,))
    return Pool(runtime, options, folder / "children", surroundings=surroundings)
