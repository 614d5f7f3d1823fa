"""Blender programs that fail or pretend, for --blender: the wheel's child behind a shell script."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.fault_injection import child as faulty_child
from worker.supervisor.environment import PACKAGES

TESTS = Path(__file__).parents[1]
SERVE = "-m worker.blender"
FAULTY = "-m tests.fault_injection.child"
FAKE_GPUS = "-m tests.tools.fake_gpus"
OF_CHILDREN = (
    "__init__.py", "fault_injection/__init__.py", "fault_injection/child.py", "tools/__init__.py",
    "tools/fake_gpus.py",
)  # fmt: skip


def program(path: Path, before: str = "", child: str = SERVE) -> Path:
    """A program that runs the shell commands `before`, then a child: SERVE, or a test's own.

    FAULTY and FAKE_GPUS have the fault that `before` exports, if it does. Their files are copied
    beside the program, where the sandbox lets them be read.
    """
    beside = path.with_name(f"{path.name}-files")
    for name in OF_CHILDREN if child != SERVE else ():
        copy = beside / TESTS.name / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TESTS / name, copy)
    path.write_text(
        f'#!/bin/sh\n{before}\nexport PYTHONPATH="{beside}:{PACKAGES}"\n'
        # What precedes "--" is for Blender itself.
        'while [ "$1" != "--" ]; do shift; done; shift\n'
        f'exec {sys.executable} -P {child} "$@"\n'
    )
    path.chmod(0o755)
    return path


def faulty(path: Path, fault: str) -> Path:
    """A program with a fault of `tests.fault_injection.child`."""
    return program(path, f"export {faulty_child.VARIABLE}={fault}", FAULTY)
