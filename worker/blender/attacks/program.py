"""Runs the attack list in a Blender executable; see worker/blender/program.py."""

from __future__ import annotations

import runpy
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[1] / "program.py"

runpy.run_path(str(PROGRAM))["start"]("worker.blender.attacks.run")
