"""Objects come out of an FBX file in the same order in every process."""

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.blender.driver import REPOSITORY
from tests.patience import HANG_S

IMPORT = Path(__file__).with_name("import_row.py")


def test_an_fbx_files_objects_are_ordered_by_name(blender, tmp_path):
    start = [sys.executable] if blender == "wheel" else ["blender", "-b", "--python"]
    command = [*start, IMPORT, *["--"] * (blender == "debian"), REPOSITORY, tmp_path]
    found = []
    for _ in range(2):
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=HANG_S)
        (line,) = (line for line in done.stdout.splitlines() if line.startswith("FOUND "))
        found.append(json.loads(line.removeprefix("FOUND ")))
    assert found[0] == found[1]
    assert found[0]["names"] == [f"box {number:02}" for number in range(12)]
