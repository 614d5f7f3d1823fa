"""`make run`, over this checkout's worker and without the setting up."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from tests.command_line import ROOT, SMALL, environment
from tests.patience import HANG_S


@pytest.fixture
def make(tmp_path):
    """Run make in an empty folder; its exit status must be `check`."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, more in (("python", ""), ("render-worker", "-m worker")):
        (commands / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {more} "$@"\n')
        (commands / name).chmod(0o755)

    def run(*arguments, check=0):
        done = subprocess.run(
            ["make", "-f", ROOT / "Makefile", "-o", "setup", f"BIN={commands}", *arguments],
            cwd=tmp_path, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True,
            timeout=HANG_S, check=False,
        )  # fmt: skip
        # Of a failed command's status make tells in words, and ends with its own.
        assert done.returncode == (2 if check else 0), done.stdout + done.stderr
        assert not check or f"Error {check}" in done.stderr
        return done.stdout

    return run


def test_run_again_with_other_settings(make, tmp_path):
    small = f"SMALL={shlex.join(SMALL)}"
    (tmp_path / "samples.part").mkdir()
    (tmp_path / "samples.part" / "half.glb").write_bytes(b"glTF")
    make("run", small)
    assert (tmp_path / "out" / "contact-sheet.png").exists()
    assert not (tmp_path / "samples" / "half.glb").exists()
    assert "make run OUT=" in make("run", f"{small} --set seed=5", check=78)
    make("run", f"{small} --set seed=5", "OUT=other")
    assert len(list(tmp_path.glob("other/renders/*"))) == len(list(tmp_path.glob("out/renders/*")))


def test_the_whole_preset_has_a_folder_of_its_own(make):
    assert "--output out-full" in make("run", "SMALL=", "--dry-run")
    assert "--output out " in make("run", "--dry-run")
