"""Starts a child in a Blender executable.

blender -b --factory-startup --disable-autoexec --python-exit-code 70 \
    --python worker/blender/program.py -- --socket-fd N
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from worker.blender.child import main

main(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [])
