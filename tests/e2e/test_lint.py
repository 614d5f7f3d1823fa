"""`make lint` fails when an import breaks a rule of pyproject.toml."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT, environment
from tests.patience import HANG_S

BPY = "Blender's own modules are imported by worker.blender alone"
HOST = "The host never imports Blender's side, which runs in another process"
CONTRACT = "What host and child agree on needs the standard library and numpy alone"
BLENDER = "Blender's side needs the contract, and what is inside every Blender"
LAYERS = "Each room imports the rooms below it alone"
ROOMS = "Rooms side by side import each other in one direction"
CIRCLES = "No circle of files"
LIBRARY = "The library needs numpy and Pillow, and nothing of the worker"
WORKER = "The worker imports nothing of the library"
RAW = "No decoder reads what a child leaves: worker.pack.raw needs numpy alone"
OPENEXR = "OpenEXR encodes images, and decodes nothing of the worker"
LAUNCH = "What restricts a child before Blender starts needs the standard library alone"

# The rule, the file below worker/ (or ../render_worker/), and what is added to it.
BREAKS = {
    "bpy on the host": (BPY, "pack/pack.py", "import bpy"),
    "bmesh, which nobody imports yet": (BPY, "omage/mesh.py", "import bmesh"),
    "mathutils in a function": (BPY, "codecs/png.py", "def late():\n    import mathutils"),
    "bpy in the contract": (CONTRACT, "contract/recipe.py", "import bpy"),
    "a library in the contract": (CONTRACT, "contract/recipe.py", "import msgspec"),
    "the host in the contract": (CONTRACT, "contract/schema.py", "from worker.core import keys"),
    "Blender's side on the host": (HOST, "supervisor/pool.py", "import worker.blender.faults"),
    "the host in Blender": (BLENDER, "blender/engine.py", "from worker.core import keys"),
    "a library in Blender": (BLENDER, "blender/engine.py", "import msgspec"),
    "an arrow upward": (LAYERS, "stores/base.py", "from worker.run import job"),
    "an arrow upward for types alone": (
        LAYERS, "core/s3.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from worker.stores import s3",
    ),
    "a room without a layer": (LAYERS, "attic/__init__.py", ""),
    "two rooms that need each other": (
        ROOMS, "blender/geometry/extent.py", "from worker.blender.products import omage",
    ),
    "two files that need each other": (
        CIRCLES, "core/failpoints.py", "from worker.core import scratch",
    ),
    "the worker in the library": (
        LIBRARY, "../render_worker/view.py", "def late():\n    from worker.core import keys",
    ),
    "a library in the library": (LIBRARY, "../render_worker/view.py", "import msgspec"),
    "the library in the worker": (WORKER, "export/images.py", "import render_worker.view"),
    "a decoder of a child's files": (RAW, "codecs/targa.py", "from PIL import Image"),
    "a decoder of a child's files, indirectly": (
        RAW, "pack/raw.py", "from worker.codecs import image_formats",
    ),
    "a library before Blender starts": (LAUNCH, "supervisor/fence/policy.py", "import msgspec"),
    "the worker before Blender starts": (
        LAUNCH, "supervisor/launch.py", "def late():\n    from worker.core import keys",
    ),
    "a reader of EXR files": (OPENEXR, "export/source.py", "def late():\n    import OpenEXR"),
    "a package and a file in it": (CIRCLES, "stores/base.py", "from worker import stores"),
}  # fmt: skip


@pytest.fixture
def tree(tmp_path) -> Path:
    """What the rules are about, and where they stand."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("worker", "render_worker", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def broken(tree: Path) -> list[str]:
    """The rules that the command of `make lint` finds broken, and then it fails."""
    lint = ["make", "-C", ROOT, "-n", "-o", "setup", "lint", f"BIN={Path(sys.executable).parent}"]
    told = subprocess.run(lint, env=environment(), capture_output=True, text=True, check=True)
    (command,) = [line for line in told.stdout.splitlines() if "lint-imports" in line]
    done = subprocess.run(
        ["sh", "-c", command], cwd=tree, env=environment(), capture_output=True, text=True,
        timeout=HANG_S, check=False,
    )  # fmt: skip
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)", done.stdout, re.MULTILINE))
    assert {*verdicts} == {
        BPY, HOST, CONTRACT, BLENDER, LIBRARY, WORKER, RAW, OPENEXR, LAYERS, ROOMS, CIRCLES,
        LAUNCH,
    }, done.stderr  # fmt: skip
    found = [rule for rule, verdict in verdicts.items() if verdict == "BROKEN"]
    assert done.returncode == (1 if found else 0), done.stdout
    return found


def test_it_passes_as_the_tree_is(tree):
    assert broken(tree) == []


@pytest.mark.parametrize("what", BREAKS)
def test_it_fails_for(what, tree):
    rule, file, more = BREAKS[what]
    changed = tree / "worker" / file
    changed.parent.mkdir(exist_ok=True)
    with changed.open("a") as text:
        text.write(f"\n{more}\n")
    assert rule in broken(tree)
