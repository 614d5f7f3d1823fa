"""The program as a user runs it: real processes, real Blender, small renders."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import HANG_S
from worker.core import keys

SMALL = ("--set", "views=2", "--set", "resolution=32", "--set", "samples=1")
ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """This environment, without any scheduler's or the worker's own variables."""
    dropped = ("RENDER_WORKER_", "SLURM_", "JOB_COMPLETION_INDEX", "AWS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, **more}


def command(*arguments: object, first: str = "") -> list[str]:
    """The program's command line; `first` is Python that it runs before anything of its own."""
    program = ["-c", f"{first}; from worker.cli import main; main()"] if first else ["-m", "worker"]
    return [sys.executable, *program, *map(str, arguments)]


def run_worker(
    *arguments: object,
    check: int | None = 0,
    where: Path = ROOT,
    first: str = "",
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end in the folder `where`.

    Its exit status must be `check`, unless that is None. `first`: see `command`.
    """
    done = subprocess.run(
        command(*arguments, first=first),
        env=environment(PYTHONPATH=str(ROOT), **variables),
        cwd=where,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    if check is not None:
        assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def log_lines(done) -> list[dict]:
    """The JSON log lines of a finished run."""
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]


def listing(output: Path, *, killed: bool = False) -> dict[str, str]:
    """sha256 by key of what the layout promises to be the same every time: all but the ledger.

    A worker that ends by itself leaves nothing else. One that was `killed` in the middle of a
    write leaves a temporary file, which no store shows and which is gone a day later.
    """
    return {
        path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.rglob("*"))
        if path.is_file()
        and not path.relative_to(output).as_posix().startswith(keys.LEDGER)
        and not (killed and keys.is_own(path.name))
    }


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> Path:
    """The project's own sample objects."""
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run(
        [sys.executable, "-m", "tests.sample_models", str(folder)],
        check=True,
        capture_output=True,
        cwd=ROOT,
        timeout=HANG_S,
    )
    return folder


@pytest.fixture(scope="session")
def undisturbed(samples, tmp_path_factory) -> Path:
    """The output of one worker that nobody disturbed."""
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    run_worker("run", samples, "--output", output, "--device", "cpu", *SMALL)
    return output


@pytest.fixture
def own_samples(samples, tmp_path) -> Path:
    """A copy of the samples that a test may change."""
    return Path(shutil.copytree(samples, tmp_path / "samples"))
