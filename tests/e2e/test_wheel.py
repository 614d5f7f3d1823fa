"""What is installed: a wheel of what a user runs; the source archive gives the same wheel."""

from __future__ import annotations

import ast
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.command_line import ROOT, environment
from tests.e2e import crash
from tests.patience import HANG_S
from worker import presets

OUTSIDE = {"tests", "tools", "bench"}
"""The checkout's packages that stay there: what only tests, the docs and measurements need."""


def ran(*command: object, where: Path, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=where, env=environment(**variables),
        capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wheel_of(source: Path, folder: Path) -> dict[str, bytes]:
    """The files of the wheel that is built of `source`, by name."""
    ran("-m", "hatchling", "build", "-t", "wheel", "-d", folder, where=source)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> dict[str, bytes]:
    return wheel_of(ROOT, tmp_path_factory.mktemp("wheel"))


def test_it_holds_the_worker_and_the_library_and_nothing_else(wheel):
    here = {
        path.relative_to(ROOT).as_posix()
        for package in ("worker", "render_worker")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in wheel if ".dist-info/" not in name} == here
    rooms = {part for name in here for part in name.split("/")}
    assert rooms & {"tests", "sample_models", "fault_injection", "tools"} == set()


def test_it_holds_every_preset(wheel):
    assert {f"worker/presets/{name}.toml" for name in presets.names()} <= set(wheel)


def test_nothing_in_it_imports_what_stays_outside(wheel):
    wrong = {
        (name, module)
        for name, text in wheel.items()
        if name.endswith(".py")
        for node in ast.walk(ast.parse(text))
        for module in imported(node)
        if module.partition(".")[0] in OUTSIDE
    }
    assert wrong == set()


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [name.name for name in node.names] if isinstance(node, ast.Import) else []


def test_installed_it_lists_the_presets_and_renders(tmp_path):
    wheel_of(ROOT, tmp_path / "dist")
    (built,) = (tmp_path / "dist").iterdir()
    place = tmp_path / "installed"
    ran("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", place, built,
        where=tmp_path)  # fmt: skip
    program = place / "bin/render-worker"
    told = {"where": tmp_path, "PYTHONPATH": str(place)}
    assert ran("-c", "import worker; print(worker.__file__)", **told).startswith(str(place))
    listed = ran(program, "presets", **told)
    assert [name for name in presets.names() if name not in listed] == []
    models = crash.cubes(tmp_path / "models", 1)
    ran(program, "run", models, "--output", "out", *crash.TINY, **told)
    assert len(list((tmp_path / "out/renders").glob("*.zip"))) == 1


def test_the_source_archive_is_built_and_gives_the_same_wheel(wheel, tmp_path):
    ran("-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path / "dist", where=ROOT)
    (built,) = (tmp_path / "dist").iterdir()
    with tarfile.open(built) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert (source / "tests/e2e" / Path(__file__).name).is_file()
    assert wheel_of(source, tmp_path / "again") == wheel
