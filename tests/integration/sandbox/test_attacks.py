"""The attack list in a real child of each Blender, and what the list is measured against."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import msgspec
import pytest

from tests.command_line import ROOT, command, environment, run_worker
from tests.integration.sandbox.controls import CONTROLS
from tests.patience import HANG_S, PATIENT, until
from tests.tools import unprivileged
from tests.tools.programs import program
from worker.contract import attack_report
from worker.contract.attack_report import TARGETS
from worker.doctor import attacks
from worker.doctor.sandbox import check_sandbox
from worker.supervisor import runtime
from worker.supervisor.devices import Device
from worker.supervisor.fence.fences import Fences, Surroundings
from worker.supervisor.process import Child
from worker.supervisor.runtime import Runtime

CONTROL = Path(__file__).with_name("controls.py")
BLENDERS = ["bpy", pytest.param("blender", marks=pytest.mark.debian_blender)]


def sandbox(printed: str) -> dict:
    """The doctor's check of the sandbox, in its JSON."""
    (found,) = [one for one in json.loads(printed)["checks"] if one["name"] == "sandbox"]
    return found


def assert_all_refused(found: dict) -> None:
    assert found["facts"]["through"] == []
    assert found["health"] == "ok", found
    assert found["facts"]["attacks"] >= 140
    assert found["facts"]["landlock"] >= 1
    assert found["facts"]["seccomp"] is True


@pytest.fixture(params=BLENDERS)
def blender(request):
    if request.param == "blender" and not Path("/usr/bin/blender").exists():
        pytest.skip("NOT TESTED under a Blender program: no /usr/bin/blender")
    return request.param


ASKED = ("--json", "--device", "cpu", "--sandbox", "require")


def test_every_attack_is_refused(blender):
    """As whoever runs the tests: root, mostly."""
    assert_all_refused(sandbox(run_worker("doctor", *ASKED, "--blender", blender).stdout))


def test_every_attack_is_refused_to_an_ordinary_user(blender):
    if why := unprivileged.missing():
        pytest.skip(f"NOT TESTED as an ordinary user: {why}")
    with unprivileged.folder() as folder:
        (folder / "scratch").mkdir(mode=0o777)
        (folder / "scratch").chmod(0o777)
        done = unprivileged.run(
            folder, *command("doctor", *ASKED, "--blender", blender),
            "--scratch", folder / "scratch",
            env=environment(PYTHONPATH=str(ROOT), HOME=str(folder), TMPDIR=str(folder)),
            cwd="/", timeout=HANG_S,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert_all_refused(sandbox(done.stdout))


@pytest.mark.parametrize("kind", ["cuda", "optix"])
def test_every_attack_is_refused_in_the_fence_of_a_gpu(kind, blender, tmp_path):
    """It lets more through for the driver; the list itself needs no GPU."""
    variables = {**os.environ, "HOME": str(tmp_path), "OPTIX_CACHE_PATH": str(tmp_path / "optix")}
    check = check_sandbox(
        runtime.find(blender), Device(kind, "0"), "require", tmp_path / "home", variables
    )
    assert_all_refused(msgspec.to_builtins(check))


def test_a_script_is_a_warning_and_nothing_is_tried(tmp_path):
    script = program(tmp_path / "blender")
    asked = ("--json", "--device", "cpu", "--sandbox", "require", "--blender", script)
    found = sandbox(run_worker("doctor", *asked).stdout)
    assert found["health"] == "warn"
    assert "is a script" in found["found"]
    assert "attacks" not in found["facts"]


@pytest.mark.parametrize("chosen", ["off", "require"])
def test_harmless_tries_succeed_without_a_sandbox_alone(chosen, tmp_path):
    """Or the targets would be out of reach anyway, and the attacks would tell nothing."""
    control = Runtime("bpy", (sys.executable, "-P", str(CONTROL)))
    with attacks.targets(tmp_path) as targets:
        home = tmp_path / attacks.HOME
        home.mkdir()
        (home / TARGETS).write_text(attack_report.encode(targets))
        surroundings = Surroundings(objects=(ROOT / "tests",), private=(tmp_path,))
        fence = Fences(chosen, control, surroundings, os.environ).of(Device("cpu"), home)
        child = Child(control, Device("cpu"), home, PATIENT, 1 << 30, fence)
        try:
            until(lambda: child.ending() != "still running")
            assert child.ending() == "exit status 0", child.log_tail
            found = json.loads((home / CONTROLS).read_text())
        finally:
            child.kill()
    assert (
        found
        == {
            "off": dict.fromkeys(("read", "list", "write", "connect"), "done"),
            "require": {"read": "EACCES", "list": "EACCES", "write": "done", "connect": "EPERM"},
        }[chosen]
    )


def test_a_switched_off_sandbox_is_a_warning_and_nothing_is_tried():
    found = sandbox(run_worker("doctor", "--json", "--device", "cpu", "--sandbox", "off").stdout)
    assert found["health"] == "warn"
    assert "attacks" not in found["facts"]


NO_LANDLOCK = """
from worker.supervisor.fence import mode
from worker.supervisor.fence.mode import Support
mode.support = lambda: Support(0, seccomp=True)
""".strip().replace("\n", "; ")


@pytest.mark.parametrize(
    ("chosen", "status", "health"), [("auto", 0, "warn"), ("require", 69, "fail")]
)
def test_half_a_sandbox_is_a_warning_or_a_failure(chosen, status, health):
    """As on a kernel without Landlock; nothing is tried there."""
    done = run_worker(
        "doctor", "--json", "--device", "cpu", "--sandbox", chosen,
        check=status, first=NO_LANDLOCK,
    )  # fmt: skip
    checks = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    said = checks["sandbox"] if chosen == "auto" else checks.get("sandbox", checks["blender"])
    assert said["health"] == health
    assert "Landlock" in said["found"]
    assert "attacks" not in said["facts"]
