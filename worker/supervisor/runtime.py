"""Finds the Blender to use: the bpy wheel or a Blender program. Both run the same child code."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from pathlib import Path
from typing import Final

import msgspec

from worker.core.errors import BlenderMissing
from worker.supervisor import libraries

WHEEL = "bpy"
"""The runtime's name if it is the wheel; otherwise the name is the program's path."""
WHEEL_MACHINE: Final = "x86_64"
"""The wheel of Linux exists for this processor alone."""
COMPLETE = "the bpy 4.5 wheel (under Python 3.11: pip install 'bpy==4.5.*'; then --blender bpy)"
"""The Blender that reads every format and has every view transform, and how to get it."""
PROGRAM = Path(__file__).parents[1] / "blender" / "program.py"
MODULE = "worker.blender"
# Without this option, `blender -b` exits with 0 even if its script raises.
PROGRAM_OPTIONS = ("--background", "--factory-startup", "--disable-autoexec")
PROGRAM_FAILED = ("--python-exit-code", "70")


class Runtime(msgspec.Struct, frozen=True):
    """How to start Blender: its command, without the socket option."""

    name: str
    command: tuple[str, ...]


def find(choice: str = "auto") -> Runtime:
    """Find a Blender: "bpy", the path or name of a program, or "auto" (bpy, else `blender`).

    Raises: BlenderMissing, with what to install.
    """
    has_bpy = importlib.util.find_spec("bpy") is not None
    if choice == "bpy" or (choice == "auto" and has_bpy):
        return _bpy(has_bpy)
    found = shutil.which("blender" if choice == "auto" else choice)
    if found is None:
        wanted = "neither the bpy wheel nor a program 'blender'"
        if choice != "auto":
            wanted = f"no program '{choice}'"
        raise BlenderMissing(
            f"no Blender: there is {wanted}; {_how_to_install()} "
            "or choose a program (3.2 or newer) with --blender PATH"
        )
    program = str(Path(found).absolute())  # a child has another working directory
    script = ("--python", str(PROGRAM), "--")
    return Runtime(program, (program, *PROGRAM_OPTIONS, *PROGRAM_FAILED, *script))


def attacking(runtime: Runtime) -> Runtime:
    """The same Blender with the attack list in place of the child; see `worker.doctor.sandbox`."""
    replaced = {
        str(PROGRAM): str(PROGRAM.parent / "attacks/program.py"),
        MODULE: f"{MODULE}.attacks",
    }
    command = tuple(replaced.get(word, word) for word in runtime.command)
    return Runtime(runtime.name, command)


def _how_to_install() -> str:
    if (machine := platform.machine()) != WHEEL_MACHINE:
        return f"install a Blender for {machine} (the wheel is for {WHEEL_MACHINE} alone)"
    return "install the wheel with 'make setup'"


def _bpy(installed: bool) -> Runtime:
    if not installed:
        raise BlenderMissing(f"no Blender: the bpy wheel is not installed; {_how_to_install()}")
    if packages := libraries.missing():
        raise BlenderMissing(libraries.advice(packages))
    return Runtime(WHEEL, (sys.executable, "-P", "-m", MODULE))
