"""The wheel, installed by pip into fresh environments of each Python, reads an output there."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.blenders import DEBIAN
from tests.command_line import ROOT, environment
from tests.e2e import crash
from tests.integration.export import scenes
from tests.patience import HANG_S
from tests.tools import pythons
from worker.core.errors import ExitStatus

READERS = ("3.10",)
"""Pythons under which only reading works."""
WORKERS = ("3.11", "3.12", "3.13")
PROGRAM = """
import json, sys
import render_worker
found = []
for obj in render_worker.open_output(sys.argv[1]):
    for view in obj.views:
        found.append([
            obj.uid, view.name, float(view.colour.sum()), int(view.raw("normal-16").sum()),
            [float(view.unproject()[32, 32, 0]), *view.c2w_opencv.ravel().tolist()],
        ])
    try:
        view.image("normal-exr")
    except render_worker.MissingLibrary as error:
        found.append(str(error).partition(" (")[0])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT,
        env=environment(), capture_output=True, timeout=HANG_S, check=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    recipe = scenes.recipe(views=3, images=("colour", "depth", "normal-16", "normal", "normal-exr"))
    return scenes.output(tmp_path_factory.mktemp("library") / "out", recipe, objects=2)


def python_of(version, folder, *packages):
    try:
        return pythons.installed(pythons.find(version), folder, *packages)
    except pythons.Unavailable as reason:
        pytest.skip(f"NOT TESTED under Python {version}: {reason}")


def test_the_versions_are_those_of_the_package():
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    assert sorted(classifiers) == sorted(READERS + WORKERS)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("version", sorted(READERS + WORKERS))
def test_it_reads(version, wheel, output, tmp_path):
    python = python_of(version, tmp_path / "venv", "numpy", "pillow")  # if pip works at all
    # The worker's own libraries are a download of 0.2 GB: their markers are checked below.
    done = pythons.install(python, wheel, *(["--no-deps"] if version in WORKERS else []))
    assert done.returncode == 0, done.stderr
    read = pythons.run(python, "-c", PROGRAM, output, where=tmp_path)
    assert read.returncode == 0, read.stderr
    assert read.stderr == ""
    found = json.loads(read.stdout)
    here = json.loads(
        subprocess.run(
            [sys.executable, "-c", PROGRAM, output], cwd=ROOT, env=environment(),
            capture_output=True, timeout=HANG_S, check=True,
        ).stdout
    )  # fmt: skip
    # numpy's own versions multiply matrices in other orders.
    near = [[*exact, pytest.approx(places, rel=1e-12, abs=1e-12)] for *exact, places in here]
    assert [each for each in found if isinstance(each, list)] == near
    lacking = {each for each in found if isinstance(each, str)}
    assert lacking == {
        "OpenEXR is not installed; an EXR image needs it: pip install 'render-worker[exr]'"
    }


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.debian_blender
@pytest.mark.parametrize("version", WORKERS)
def test_it_renders_with_a_program_that_has_its_own_numpy(version, wheel, tmp_path):
    """Beside the worker lies the numpy of this Python, which Blender's cannot load."""
    if not DEBIAN.exists():
        pytest.skip(f"NOT TESTED under a Blender program: no {DEBIAN} (apt-get install blender)")
    python = python_of(version, tmp_path / "venv", str(wheel))
    models = crash.cubes(tmp_path / "models", 1)
    program = python.with_name("render-worker")
    done = pythons.run(
        program, "run", models, "--output", "out", "--blender", DEBIAN, *crash.TINY, where=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out/renders").glob("*.zip"))) == 1


@pytest.mark.parametrize("version", READERS)
def test_the_command_says_which_python_it_needs(version, tmp_path):
    """In one line, whatever is installed."""
    try:
        python = pythons.find(version)
    except pythons.Unavailable as reason:
        pytest.skip(f"NOT TESTED under Python {version}: {reason}")
    done = pythons.run(python, "-m", "worker", "--help", where=tmp_path, PYTHONPATH=str(ROOT))
    assert done.returncode == ExitStatus.UNAVAILABLE
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line == (
        f"render-worker needs Python 3.11 to 3.13, this is {version}; "
        "only the library render_worker works here"
    )


@pytest.mark.parametrize("version", sorted(READERS + WORKERS))
def test_what_pip_installs_with_it(version, wheel, tmp_path):
    """By the markers of its requirements, as pip reads them."""
    program = """
import sys, json
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.specifiers import SpecifierSet
from importlib.metadata import PathDistribution
import zipfile
distribution = PathDistribution(next(zipfile.Path(sys.argv[1]).glob("*.dist-info"))
    if hasattr(zipfile.Path, "glob") else
    next(path for path in zipfile.Path(sys.argv[1]).iterdir() if path.name.endswith(".dist-info")))
environment = {"python_version": sys.argv[2], "extra": ""}
wanted = [Requirement(text) for text in distribution.requires]
print(json.dumps(sorted(each.name.lower() for each in wanted
                        if each.marker is None or each.marker.evaluate(environment))))
assert f"{sys.argv[2]}.0" in SpecifierSet(distribution.metadata["Requires-Python"])
"""
    done = pythons.run(sys.executable, "-c", program, wheel, version, where=tmp_path)
    assert done.returncode == 0, done.stderr
    names = json.loads(done.stdout)
    if version in READERS:
        assert names == ["numpy", "pillow"]
    else:
        assert {"boto3", "msgspec", "numpy", "openexr", "pillow", "pyarrow", "typer"} <= {*names}
