"""Runs a script inside a Blender, without the worker, and reads what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.patience import HANG_S

START = {"wheel": [sys.executable], "debian": ["blender", "-b", "--python"]}
FOUND = "FOUND "


def run(blender: str, script: Path, *arguments: object) -> str:
    """Run `script` under "wheel" or "debian" to its end. Returns: what it printed."""
    ours = ["--"] if blender == "debian" else []
    done = subprocess.run(
        [*START[blender], str(script), *ours, *map(str, arguments)],
        check=True, capture_output=True, text=True, timeout=HANG_S,
    )  # fmt: skip
    return done.stdout


def found(blender: str, script: Path, *arguments: object) -> Any:
    """Run it likewise. Returns: the JSON of the one line it printed that begins with FOUND."""
    printed = run(blender, script, *arguments).splitlines()
    (line,) = (line for line in printed if line.startswith(FOUND))
    return json.loads(line.removeprefix(FOUND))
