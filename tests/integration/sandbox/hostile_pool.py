"""A pool whose children are hostile, in the real sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.command_line import ROOT
from tests.patience import PATIENT
from worker.supervisor.fence.fences import Surroundings
from worker.supervisor.pool import Pool, PoolOptions
from worker.supervisor.runtime import Runtime

HOSTILE = Path(__file__).with_name("hostile_child.py")


def hostile(way: str, folder: Path) -> Pool:
    """A pool in `folder`, not opened, of children that are hostile in this way."""
    runtime = Runtime("bpy", (sys.executable, "-P", str(HOSTILE), way))
    options = PoolOptions(device="cpu", sandbox="require", limits=PATIENT)
    surroundings = Surroundings(objects=(ROOT / "tests",), private=(folder,))
    return Pool(runtime, options, folder / "children", surroundings=surroundings)
