"""Runs the attack list in a Blender executable; see worker/blender/program.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from worker.blender.attacks.run import main

main(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [])
