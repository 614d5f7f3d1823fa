"""`--sandbox`: the same zips with and without, and what a node without Landlock is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.command_line import ROOT, SMALL, listing, log_lines, run_worker
from tests.integration.blender.driver import DEBIAN
from tests.patience import HANG_S
from worker.core.formats import MODEL_SUFFIXES
from worker.supervisor.fence import mode

FORMATS = ROOT / "tests" / "integration" / "blender" / "make_formats.py"
BLEND = (
    "import bpy, sys; bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1]); import os; os._exit(0)"
)
OFF = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 1 2 3\n3 2 0 3\n"
OLD_KERNEL = "from tests.old_kernel import without_landlock; without_landlock()"
CPU = ("--device", "cpu", *SMALL)

needs_fence = pytest.mark.skipif(
    bool(mode.support().missing), reason=f"this kernel cannot fence: {mode.support().missing}"
)


@pytest.fixture(scope="module")
def every_format(samples, tmp_path_factory) -> Path:
    """A model in every format that the worker knows."""
    folder = tmp_path_factory.mktemp("formats") / "models"
    shutil.copytree(samples, folder)
    (folder / "tetrahedron.off").write_text(OFF)
    blend = ["-c", BLEND, folder / "cube.blend"]
    for script in ([FORMATS, folder], blend):
        subprocess.run(
            [sys.executable, *script], check=True, capture_output=True, timeout=HANG_S
        )  # fmt: skip
    found = {path.suffix.lstrip(".").lower() for path in folder.iterdir()}
    assert found >= set(MODEL_SUFFIXES)
    return folder


@needs_fence
@pytest.mark.parametrize(
    "blender", ["bpy", pytest.param(str(DEBIAN), marks=pytest.mark.debian_blender)]
)
def test_every_format_gives_the_same_bytes_with_and_without(blender, every_format, tmp_path):
    if blender != "bpy" and not DEBIAN.exists():
        pytest.skip(f"NOT TESTED under a Blender program: no {DEBIAN} (apt-get install blender)")
    zips, counts = [], []
    for sandbox in ("require", "off"):
        output = tmp_path / sandbox
        done = run_worker(
            "run", every_format, "--output", output, "--blender", blender, "--sandbox", sandbox,
            "--max-failure-rate", 1, *CPU,
        )  # fmt: skip
        zips.append(listing(output))
        counts.append(log_lines(done)[-1]["rendered"])
    assert zips[0] == zips[1]
    assert counts[0] == counts[1]
    if blender == "bpy":
        assert len(zips[0]) == 1 + len([*every_format.iterdir()]) - len(BESIDE)


BESIDE = ("crate.mtl", "crate.png", "mushroom.bin")


def test_require_on_a_kernel_without_landlock_ends_with_69(samples, tmp_path):
    done = run_worker(
        "run", samples / "gear.stl", "--output", tmp_path / "out", "--sandbox", "require", *CPU,
        first=OLD_KERNEL, check=69,
    )  # fmt: skip
    assert "no Landlock (Linux 5.13 and later" in done.stderr
    assert not list((tmp_path / "out").glob("renders/*"))


def test_auto_on_such_a_kernel_warns_once_and_goes_on(samples, tmp_path):
    done = run_worker(
        "run", samples / "gear.stl", "--output", tmp_path / "out", *CPU, first=OLD_KERNEL
    )  # fmt: skip
    warned = [line for line in log_lines(done) if line["event"] == "Blender is not wholly fenced"]
    assert len(warned) == 1
    assert "no Landlock" in str(warned[0]["missing"])
    assert len(list((tmp_path / "out").glob("renders/*.zip"))) == 1


@needs_fence
def test_models_on_a_ram_disk_and_in_folders_all_over(samples, tmp_path):
    """A list's objects lie beside its output, in the folder of temporary files, on a RAM disk."""
    ram = Path("/dev/shm")
    if not os.access(ram, os.W_OK):
        pytest.skip("no RAM disk here")
    with tempfile.TemporaryDirectory(dir=ram) as shared, tempfile.TemporaryDirectory() as other:
        places = [Path(shared, "gear.stl"), Path(other, "knot.ply"), tmp_path / "pawn.glb"]
        for place in places:
            shutil.copy(samples / place.name, place)
        records = [{"fileIdentifier": str(each), "source": "local"} for each in places]
        listed = tmp_path / "list.jsonl"
        listed.write_text("\n".join(map(json.dumps, records)))
        run_worker(
            "run", listed, "--output", tmp_path / "out", "--sandbox", "require", *CPU,
            "--scratch", tmp_path / "scratch",
        )  # fmt: skip
    assert len(list((tmp_path / "out").glob("renders/*.zip"))) == len(places)
