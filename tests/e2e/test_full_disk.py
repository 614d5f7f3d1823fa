"""A disk without room ends the run: its objects are not rendered one by one for nothing."""

from __future__ import annotations

import json
import shlex
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.command_line import ROOT, command, environment
from tests.e2e import crash
from tests.fault_injection import kill
from tests.patience import HANG_S
from worker.core.failpoints import Failpoint
from worker.stores import open_store
from worker.supervisor import canary

IN_OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec")


def in_tmpfs(folder, size: str, then: str) -> subprocess.CompletedProcess[str]:
    """Run the shell command `then` where `folder` is a disk of `size` that only it sees."""
    script = f"mount -t tmpfs -o size={size} none {shlex.quote(str(folder))}\n{then}"
    return subprocess.run(
        [*IN_OWN_MOUNTS, script], env=environment(), cwd=ROOT, capture_output=True, text=True,
        timeout=HANG_S, check=False,
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


def test_a_full_scratch_ends_the_run_and_fails_no_object(disk, tmp_path):
    models = crash.cubes(tmp_path / "models", 3)
    sizes = ("--set", "views=16", "--set", "samples=1", "--set", "resolution=1024",
             "--set", 'images=["colour", "normal-exr"]', "--set", "camera.margin=0.0")  # fmt: skip
    worker = shlex.join(
        command("run", models, "--output", tmp_path / "out", "--scratch", disk, "--device", "cpu",
                *sizes)
    )  # fmt: skip
    done = in_tmpfs(disk, "12m", worker)
    assert done.returncode == 69, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("render-worker: scratch space is full: ")
    assert last.endswith("choose a larger folder with --scratch")
    # What another child was rendering meanwhile is rendered by the next run.
    assert {code for _, code, _ in crash.folded(open_store(str(tmp_path / "out"))).values()} <= {
        None, "interrupted"
    }  # fmt: skip


def test_the_doctor_finds_a_disk_too_small_for_downloads(disk):
    doctor = shlex.join(command("doctor", "--json", "--device", "cpu"))
    done = in_tmpfs(disk, "64k", f"env TMPDIR={disk} {doctor}")
    assert done.returncode == 69, done.stderr
    (found,) = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "downloads"]
    assert (found["health"], found["facts"]["folder"]) == ("fail", str(disk))
    assert "TMPDIR" in found["advice"]


def test_downloads_lie_on_disk_and_raw_passes_in_ram(tmp_path):
    """What strangers size must not fill the RAM disk: all objects after it would fail."""
    models = tmp_path / "models"
    models.mkdir()
    with zipfile.ZipFile(models / "model.zip", "w") as archive:
        archive.writestr("model.obj", canary.CUBE)
    folder = tmp_path / "tmp"
    folder.mkdir()
    ram = Path("/dev/shm")
    # Also on a machine of little memory, where the RAM disk is not chosen by itself.
    small = f"from worker.core import scratch; scratch.RAM_NEEDED = {64 << 20}"
    arguments = ("run", models, "--output", tmp_path / "out", *crash.TINY)
    worker = shlex.join(command(*arguments, first=f"{small}; {kill.first(Failpoint.RENDER_AFTER)}"))
    told = f"env TMPDIR={folder} {worker}"
    done = in_tmpfs(ram, "5g", f"{told} || true; find {ram} {folder} -type f")
    files = done.stdout.split()
    for ending, where in ((".obj", folder), (".exr", ram)):
        found = [Path(file) for file in files if file.endswith(ending)]
        assert found, done.stderr
        assert all(path.is_relative_to(where) for path in found)
