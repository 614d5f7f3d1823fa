"""Other Pythons of this machine, and fresh environments of them with packages by pip."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.command_line import environment
from tests.patience import HANG_S

INSTALL_S = 3 * HANG_S
"""Against a hang only: packages are fetched."""


class Unavailable(Exception):
    """Not to be had on this machine; the message says why."""


def find(version: str) -> str:
    """A Python of this version, such as "3.12": on PATH, or of pyenv or uv. Raises: Unavailable."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    uv = Path.home() / ".local/share/uv/python"
    known = (
        shutil.which(f"python{version}"),
        *sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True),
        *sorted(uv.glob(f"cpython-{version}.*/bin/python{version}"), reverse=True),
    )
    show = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    for program in filter(None, known):
        done = run(program, "-c", show)
        if done.returncode == 0 and done.stdout.strip() == version:
            return str(program)
    raise Unavailable(f"no Python {version} with venv on PATH, of pyenv or of uv")


def fresh(python: str, folder: Path) -> Path:
    """The Python of a new, empty environment in `folder`."""
    done = run(python, "-m", "venv", folder)
    assert done.returncode == 0, done.stderr
    return folder / "bin" / "python"


def installed(python: str, folder: Path, *packages: str) -> Path:
    """The Python of a new environment with `packages`. Raises: Unavailable, with pip's reason."""
    made = fresh(python, folder)
    done = install(made, *packages)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"pip cannot install {' '.join(packages)}: {last}")
    return made


def install(python: Path, *packages: object) -> subprocess.CompletedProcess[str]:
    """pip install."""
    return run(python, "-m", "pip", "install", "--quiet", *packages, timeout=INSTALL_S)


def run(
    program: object, *arguments: object, where: Path | None = None, timeout: float = HANG_S,
    **variables: str,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Run a program, without this environment's own variables for Python."""
    told = {name: value for name, value in environment(**variables).items()
            if name not in {"PYTHONPATH", "VIRTUAL_ENV"} or name in variables}  # fmt: skip
    return subprocess.run(
        [str(program), *map(str, arguments)], cwd=where, env=told, capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip
