"""Runs a script inside the Blender of a test, without the worker, and reads what it found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import blenders

NAMES = {"wheel": "bpy", "debian": "debian"}
FOUND = "FOUND "


def run(blender: str, script: Path, *arguments: object) -> str:
    """Run `script` under "wheel" or "debian" to its end. Returns: what it printed."""
    return blenders.make(NAMES[blender], script, *arguments)


def found(blender: str, script: Path, *arguments: object) -> Any:
    """Run it likewise. Returns: the JSON of the one line it printed that begins with FOUND."""
    printed = run(blender, script, *arguments).splitlines()
    (line,) = (line for line in printed if line.startswith(FOUND))
    return json.loads(line.removeprefix(FOUND))
