"""Blender programs that fail or pretend, for --blender: the wheel's child behind a shell script."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fault_injection import child as faulty_child

SERVE = "-m worker.blender"
FAULTY = faulty_child.__file__
FAKE_GPUS = str(Path(__file__).with_name("fake_gpus.py"))


def program(path: Path, before: str = "", child: str = SERVE) -> Path:
    """A program that runs the shell commands `before`, then is a child: SERVE or a file.

    FAULTY and FAKE_GPUS have the fault that `before` exports, if it does.
    """
    path.write_text(
        f"#!/bin/sh\n{before}\n"
        # What precedes "--" is for Blender itself.
        'while [ "$1" != "--" ]; do shift; done; shift\n'
        f'exec {sys.executable} -P {child} "$@"\n'
    )
    path.chmod(0o755)
    return path


def faulty(path: Path, fault: str) -> Path:
    """A program with a fault of `tests.fault_injection.child`."""
    return program(path, f"export {faulty_child.VARIABLE}={fault}", FAULTY)
