"""Blender programs that fail or pretend, for --blender: the wheel's child behind a shell script."""

from __future__ import annotations

import sys
from pathlib import Path

from worker.blender.mischief import VARIABLE as MISCHIEF

SERVE = "-m worker.blender"
FAKE_GPUS = str(Path(__file__).with_name("fake_gpus.py"))


def program(path: Path, before: str = "", child: str = SERVE) -> Path:
    """A program that runs the shell commands `before`, then is a child: SERVE or FAKE_GPUS."""
    path.write_text(
        f"#!/bin/sh\n{before}\n"
        # What precedes "--" is for Blender itself.
        'while [ "$1" != "--" ]; do shift; done; shift\n'
        f'exec {sys.executable} -P {child} "$@"\n'
    )
    path.chmod(0o755)
    return path


def faulty(path: Path, fault: str) -> Path:
    """A program with a fault of `worker.blender.mischief`; the worker itself hands none on."""
    return program(path, f"export {MISCHIEF}={fault}")
