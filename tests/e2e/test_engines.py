"""EEVEE and Workbench from the command line: the devices that they take, and what is refused."""

from __future__ import annotations

import json
import os
import zipfile

import pytest

from tests import mesa
from tests.blenders import DEBIAN
from tests.command_line import run_worker
from worker.supervisor.devices import Device

WORKBENCH = (
    "--set", "engine=workbench", "--set", "lights.rig=none", "--set", "subject.backfaces=shown",
    "--set", "views=2", "--set", "resolution=32", "--set", "samples=4",
    "--set", 'images=["colour","depth"]',
)  # fmt: skip
NO_DRIVER = {"__EGL_VENDOR_LIBRARY_FILENAMES": os.devnull}
"""For GLVND: there is neither NVIDIA's driver nor Mesa."""


@pytest.fixture
def models(samples, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "pawn.glb").write_bytes((samples / "pawn.glb").read_bytes())
    return folder


def test_workbench_in_software_with_the_whole_sandbox(models, tmp_path):
    mesa.needed()
    output = tmp_path / "out"
    run_worker("run", models, "--output", output, "--device", "software", "--sandbox", "require",
               *WORKBENCH)  # fmt: skip
    (path,) = (output / "renders").glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read(f"{path.stem}/metadata.json"))["render_worker"]
    assert about["runtime"]["engine"] == "workbench"
    assert about["runtime"]["device"] == "software"
    assert 'engine="workbench"' in about["overrides"]


def test_without_a_driver_the_run_ends_before_the_first_object(models, tmp_path):
    """There, OpenGL aborts Blender."""
    output = tmp_path / "out"
    done = run_worker("run", models, "--output", output, *WORKBENCH, check=69, **NO_DRIVER)
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("render-worker: ")]
    assert line.startswith("render-worker: egl: OpenGL does not start here")
    assert "--device software" in line
    assert not list((output / "renders").glob("*"))
    assert not (output / "job.json").exists()


def test_a_software_rasteriser_is_never_taken_for_a_gpu(models, tmp_path):
    mesa.needed()
    only_mesa = Device("software").environment
    done = run_worker("run", models, "--output", tmp_path / "out", *WORKBENCH, check=69,
                      **only_mesa)  # fmt: skip
    assert "only the software rasteriser llvmpipe" in done.stderr


@pytest.mark.debian_blender
@pytest.mark.skipif(not DEBIAN.exists(), reason="NOT TESTED: no Debian blender")
def test_the_eevee_of_old_blenders_has_no_exact_depth(models, tmp_path):
    mesa.needed()
    done = run_worker("run", models, "--output", tmp_path / "out", "--device", "software",
                      "--blender", DEBIAN, "--set", "engine=eevee", "--set", 'images=["depth"]',
                      check=78)  # fmt: skip
    assert "tells depth in 16 bits" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--device", "cpu", *WORKBENCH), 78, "engine workbench draws with OpenGL"),
        (("--device", "software"), 78, "for engine cycles without a GPU use --device cpu"),
        (("--set", "engine=eevee", "--set", 'images=["albedo"]'), 78, "has albedo, which engine"),
        (("--set", "engine=eevee", "--set", "cycles.denoise=true"), 78, "'cycles.denoise' is true"),
    ],
)
def test_what_an_engine_has_not_is_refused_by_name(models, tmp_path, arguments, status, words):
    done = run_worker("run", models, "--output", tmp_path / "out", *arguments, check=status)
    assert words in done.stderr.splitlines()[-1]


def test_the_doctor_says_why_no_engine_draws_and_goes_on(tmp_path):
    done = run_worker("doctor", "--json", "--device", "auto", "--blender", "bpy",
                      CUDA_VISIBLE_DEVICES="", **NO_DRIVER)  # fmt: skip
    checks = [each for each in json.loads(done.stdout)["checks"] if each["name"] == "engine"]
    assert {each["facts"]["engine"] for each in checks} == {"eevee", "workbench"}
    for each in checks:
        assert each["health"] == "warn"
        assert "OpenGL does not start here" in each["found"]
        assert "--device software" in each["advice"]
