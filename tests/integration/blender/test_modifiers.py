"""A costly modifier is evaluated once, at the rendered level, and the picture stays the same."""

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.blender.driver import REPOSITORY
from tests.patience import HANG_S

MEASURE = Path(__file__).with_name("measure_modifiers.py")


def test_an_applied_subdivision_looks_as_it_did(blender, tmp_path):
    start = [sys.executable] if blender == "wheel" else ["blender", "-b", "--python"]
    done = subprocess.run(
        [*start, MEASURE, *["--"] * (blender == "debian"), REPOSITORY, tmp_path],
        check=True,
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    found = json.loads(lines[0].removeprefix("FOUND "))
    assert found["brightness"] > 0.05
    assert found["difference"] == 0.0
    assert found["modifiers"] == 0
    assert found["meshes"] == 1
    assert found["faces"] > 10_000  # 1,000 in the cage, mirrored, of two levels
    assert found["same_box"]
