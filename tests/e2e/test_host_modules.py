"""The host's modules, all of worker/ but worker/blender, need no Blender."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.patience import HANG_S

ROOT = Path(__file__).parents[2]
PROGRAM = """
import importlib, sys
for name in ("bpy", "bmesh", "mathutils", "gpu", "addon_utils"):
    sys.modules[name] = None  # from here on its import raises
try:
    import bpy
except ImportError:
    for name in sys.argv[1:]:
        importlib.import_module(name)
        print(name)
"""


def host_modules() -> list[str]:
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "worker").rglob("*.py"))
        if not path.is_relative_to(ROOT / "worker/blender")
    ]


def test_they_are_imported_where_bpy_cannot_be():
    modules = host_modules()
    assert {"worker", "worker.cli", "worker.contract.recipe", "worker.supervisor.pool"} < {*modules}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *modules], cwd=ROOT, capture_output=True, text=True,
        timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == modules
