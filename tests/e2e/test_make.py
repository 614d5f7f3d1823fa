"""`make run`, over this checkout's worker and without the setting up; what each target installs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
import yaml

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


@pytest.fixture
def planned(tmp_path):
    """What make would do, line by line, where .venv has these marks of a finished install."""

    def plan(*targets, ready=()):
        (tmp_path / "venv").mkdir(exist_ok=True)
        for mark in ready:
            (tmp_path / "venv" / mark).touch()
        return subprocess.run(
            ["make", "--dry-run", f"VENV={tmp_path / 'venv'}", *targets],
            cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=HANG_S, check=True,
        ).stdout  # fmt: skip

    return plan


def installed(plan):
    return set(re.findall(r"-r locks/(\w+)\.lock", plan))


def test_a_run_installs_what_a_run_needs(planned):
    assert installed(planned("run")) == {"bpy", "build"}


@pytest.mark.parametrize(
    "target", ["test", "test-cluster", "quick", "integration", "e2e", "lint", "fuzz", "bench"]
)
def test_developers_tools_come_on_top_of_what_a_run_needs(planned, target):
    assert installed(planned(target)) == {"bpy", "build", "dev"}
    assert installed(planned(target, ready=[".ready"])) == {"dev"}
    assert not installed(planned(target, ready=[".ready", ".ready-dev"]))


def test_a_run_leaves_developers_tools_alone(planned):
    assert "pip install" not in planned("run", ready=[".ready", ".ready-dev"])


def test_the_workflow_runs_what_ci_run_does(planned):
    script = (ROOT / ".ci" / "run").read_text()
    whole = re.findall(r"^\s*alone make ([\w-]+)", script, re.MULTILINE)
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1]["run"] == ".ci/run ${{ matrix.part }}"
    parts = job["strategy"]["matrix"]["part"]
    assert len(parts) > len(whole)
    assert done_by(planned(*parts)) == done_by(planned(*whole))


def done_by(plan):
    """The folders that are tested, and every command besides."""
    commands = {line for line in plan.splitlines() if "-m pytest" not in line}
    return commands | set(re.findall(r"tests/\w+", plan))
