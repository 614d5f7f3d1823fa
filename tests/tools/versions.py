"""Runs a choice of the tests under further wheels of Blender, each in an environment of its own.

    python -m tests.tools.versions 4.2 5.0 5.2

The environments come of locks/bpy-VERSION.lock, with the worker installed as a user has it, and lie
in WORKER_TEST_CACHE (default: ~/.cache/render-worker-tests). A wheel of another Python takes one of
this machine, or Debian's. A version that cannot be had is skipped, with a line that names
it. Ends with 1 if a test fails under any other.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.blenders import BLENDERS, REPOSITORY, Blender
from tests.cluster.tools import podman
from tests.tools import debian_python, pythons

TESTS = (
    "tests/integration/proof/test_blenders.py",
    "tests/integration/proof/test_shapes.py",
    "tests/integration/proof/test_colour.py",
    "tests/integration/proof/test_projection.py",
    "tests/integration/proof/test_samples.py",
    "tests/integration/proof/test_engines.py",
    "tests/e2e/test_other_wheels.py",
)
"""Geometry, colours, cameras, every sample and format, and the worker as it is installed there."""
WHEELS = {each.version.rstrip("."): each for each in BLENDERS.values() if each.variable}
ABSENT = re.compile(r"No matching distribution|Max retries|timed out|HTTP error|ConnectionPool")
"""What pip says where it cannot download; all else is a failure, such as another hash."""


class NotHere(Exception):
    """The wheel cannot be had; the message says why."""


def main() -> None:
    """Never returns: ends with the status of the tests, or with 0 if there was nothing to test."""
    parser = argparse.ArgumentParser(prog="tests.tools.versions")
    parser.add_argument("versions", nargs="+", choices=sorted(WHEELS))
    chosen: dict[str, Blender] = {name: WHEELS[name] for name in parser.parse_args().versions}
    skipped, variables = [], dict(os.environ)
    for other in WHEELS.values():
        variables.pop(other.variable, None)
    with tempfile.TemporaryDirectory() as folder:
        worker = _built(Path(folder))
        for version, blender in chosen.items():
            try:
                variables[blender.variable] = str(_environment(version, blender.python, worker))
            except NotHere as reason:
                skipped.append(f"SKIPPED bpy {version}: {reason}")
    marks = [blender.mark for blender in chosen.values() if blender.variable in variables]
    status = _tested(marks, variables) if marks else 0
    for line in skipped:
        _say(line)
    sys.exit(status)


def _tested(marks: list[str], variables: dict[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", *TESTS, "-n", "2", "--dist", "loadfile"]
    selected = ("-m", " or ".join(marks))
    done = subprocess.run([*command, *selected], check=False, cwd=REPOSITORY, env=variables)
    return done.returncode


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _built(folder: Path) -> Path:
    """The worker's own wheel."""
    build = ("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    subprocess.run([sys.executable, *build], check=True, cwd=REPOSITORY, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def _environment(version: str, python_version: str, worker: Path) -> Path:
    """The Python of an environment with this wheel and `worker`. Raises: NotHere."""
    lock = REPOSITORY / f"locks/bpy-{version}.lock"
    cache = os.environ.get("WORKER_TEST_CACHE") or Path.home() / ".cache/render-worker-tests"
    folder = Path(cache, f"bpy-{version}")
    ready, wanted = folder / "ready", hashlib.sha256(lock.read_bytes()).hexdigest()
    python = folder / "bin/python"
    if not ready.exists() or ready.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        _say(f"installing bpy {version} into {folder}: takes 1.5 GB of disk")
        subprocess.run([_python(python_version), "-m", "venv", folder], check=True)
        _install(python, "--require-hashes", "-r", lock)
        ready.write_text(wanted)
    _install(python, "--no-index", "--no-deps", "--force-reinstall", worker)
    return python


def _python(version: str) -> str:
    """A Python of this version. Raises: NotHere."""
    if version == "{}.{}".format(*sys.version_info):
        return sys.executable
    try:
        return pythons.find(version)
    except pythons.Unavailable as here:
        try:
            return debian_python.ensure(version)
        except podman.Unavailable as there:
            raise NotHere(f"{here}; of Debian: {there}") from there


def _install(python: Path, *what: object) -> None:
    """Raises: NotHere."""
    pip = (python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet")
    command = [*map(str, pip), *map(str, what)]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode == 0:
        return
    sys.stderr.write(done.stderr)
    if not ABSENT.search(done.stderr):
        sys.exit(f"{what[-1]}: pip cannot install it")
    raise NotHere(f"pip cannot download it: {done.stderr.strip().splitlines()[-1]}")


if __name__ == "__main__":
    main()
