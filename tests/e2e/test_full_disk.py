"""An output without room ends the run: its objects are not rendered one by one for nothing."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from tests.e2e import crash
from tests.e2e.conftest import ROOT, command, environment

IN_OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec")


def in_tmpfs(folder, size: str, then: str) -> subprocess.CompletedProcess[str]:
    """Run the shell command `then` where `folder` is a disk of `size` that only it sees."""
    script = f"mount -t tmpfs -o size={size} none {shlex.quote(str(folder))}\n{then}"
    return subprocess.run(
        [*IN_OWN_MOUNTS, script], env=environment(), cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if in_tmpfs(folder, "64k", "true").returncode:
        pytest.skip("this user may not mount a disk of its own here")
    return folder


def test_a_full_output_ends_the_run(disk, tmp_path):
    models = crash.cubes(tmp_path / "models", 12)
    sizes = ("--set", "views=1", "--set", "samples=1", "--set", "resolution=256")
    worker = shlex.join(command("run", models, "--output", disk / "out", "--device", "cpu", *sizes))
    done = in_tmpfs(disk, "64k", f"{worker} || s=$?; ls {disk}/out/renders; exit $s")
    assert done.returncode == 69, done.stderr
    assert done.stderr.splitlines()[-1].startswith("render-worker: cannot write renders/")
    assert "No space left on device; free some space there" in done.stderr
    # Nothing half-written stays, and what fitted in is whole.
    assert all(name.endswith(".zip") for name in done.stdout.split())
