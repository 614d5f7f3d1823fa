"""The Blenders that the proofs run under: this Python's wheel, Debian's program, further wheels.

A further wheel is in an environment of its own, whose Python a variable names; `make versions`
makes them. Its Blender is a child of this Python's worker, or the whole worker runs there.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import HANG_S
from worker.supervisor.runtime import PROGRAM, Runtime, find

REPOSITORY = Path(__file__).parents[1]
DEBIAN = Path("/usr/bin/blender")


@dataclasses.dataclass(frozen=True)
class Blender:
    """One Blender. `version`: how its own begins. `mark`: the tests' marker, if any.

    variable: names the environment variable that names its Python; empty if it needs none.
    python: the version of that. lacks: formats that it does not read. old_materials: whether it
    makes materials without nodes; all read those of earlier files.
    """

    version: str
    mark: str = ""
    variable: str = ""
    python: str = "3.11"
    lacks: frozenset[str] = frozenset()
    old_materials: bool = True


NO_LIBRARIES = frozenset({"abc", "usd", "usda", "usdc", "usdz"})
FIVE = {"lacks": frozenset({"dae"}), "old_materials": False}
BLENDERS = {
    "bpy": Blender("4.5."),
    "debian": Blender("3.4.", "debian_blender", lacks=NO_LIBRARIES),
    "bpy42": Blender("4.2.", "blender42", "WORKER_TEST_BPY42"),
    "bpy50": Blender("5.0.", "blender50", "WORKER_TEST_BPY50", **FIVE),
    "bpy52": Blender("5.2.", "blender52", "WORKER_TEST_BPY52", "3.13", **FIVE),
}


def absent(name: str) -> str:
    """Why this Blender cannot be tried here; empty if it can."""
    if name == "debian" and not DEBIAN.exists():
        return f"no {DEBIAN} (apt-get install blender)"
    variable = BLENDERS[name].variable
    if variable and not Path(os.environ.get(variable, "-")).exists():
        return f"{variable} names no Python that has it (make versions)"
    return ""


def parameters() -> list[object]:
    """Of a fixture: the names of those that are here, with their markers."""
    return [
        pytest.param(name, id=name, marks=[getattr(pytest.mark, each.mark)] if each.mark else [])
        for name, each in BLENDERS.items()
        if not absent(name)
    ]


def python_of(name: str) -> str:
    """The Python of a wheel; of a program the one that starts the worker."""
    variable = BLENDERS[name].variable
    return os.environ[variable] if variable else sys.executable


def runtime_of(name: str) -> Runtime:
    """How to start it as a child."""
    if BLENDERS[name].variable:
        return Runtime(name, (python_of(name), str(PROGRAM), "--"))
    return find(str(DEBIAN) if name == "debian" else "bpy")


def files_of(name: str) -> tuple[Path, ...]:
    """What a child of it reads beside what a worker's own Blender does: its own Python."""
    if not BLENDERS[name].variable:
        return ()
    python = Path(python_of(name))
    return python.parents[1], python.resolve().parents[1] / "lib"


def worker_of(name: str) -> tuple[list[str], str]:
    """The command of a worker that has this Blender, and the value of its --blender."""
    return [python_of(name), "-m", "worker"], str(DEBIAN) if name == "debian" else "bpy"


def make(name: str, script: Path, *arguments: object) -> str:
    """Run a script, as one that makes files for this Blender to read. Returns: what it printed."""
    command = [python_of(name), str(script)]
    if name == "debian":
        start = ["-b", "--factory-startup", "--python-exit-code", "1", "--python"]
        command = [str(DEBIAN), *start, str(script), "--"]
    command += map(str, arguments)
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANG_S)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def make_samples(name: str, folder: Path, *arguments: str) -> Path:
    """The project's samples, made by the Blender that will read them."""
    if name == "bpy":
        command = [sys.executable, "-m", "tests.sample_models"]
    else:
        entry = str(REPOSITORY / "tests/sample_models/program.py")
        command = [entry if word == str(PROGRAM) else word for word in runtime_of(name).command]
    done = subprocess.run(
        [*command, folder, *arguments], check=False, cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder
