"""Scripts that write models, run by the Blender that will read them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.patience import HANG_S
from tests.proof_helpers import BLENDER_42, DEBIAN

STARTS = {
    "bpy": ([sys.executable], []),
    "debian": (
        [DEBIAN, "-b", "--factory-startup", "--python-exit-code", "1", "--python"], ["--"],
    ),
    "bpy42": ([os.environ.get(BLENDER_42, "")], []),
}  # fmt: skip
"""Words of the command before the script, and between it and its arguments."""


def make(blender: str, script: Path, *arguments: object) -> None:
    """Run a script that writes files, under the Blender that will read them."""
    before, after = STARTS[blender]
    command = [*before, script, *after, *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANG_S)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
