"""Runs `render-worker debug` and the script that it leaves."""

from __future__ import annotations

import json
import subprocess

from tests.command_line import SMALL, environment, run_worker
from tests.patience import HANG_S
from worker.core import keys

CPU = ("--device", "cpu", *SMALL)


def debug(index, to, *options, check=0, **more):
    """Debug an object; returns what README.txt says."""
    done = run_worker("debug", index, "--to", to, *CPU, *options, check=check, **more)
    assert done.stdout == f"{to / keys.DEBUG_SUMMARY}\n"
    return (to / keys.DEBUG_SUMMARY).read_text()


def outcome(folder):
    return json.loads((folder / keys.DEBUG_OUTCOME).read_text())


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def again(folder):
    """The zip that the script makes, run from elsewhere."""
    subprocess.run(
        ["sh", folder / keys.DEBUG_SCRIPT], cwd="/", env=environment(), check=True,
        capture_output=True, timeout=HANG_S,
    )  # fmt: skip
    (made,) = folder.glob("again/renders/*.zip")
    return made.read_bytes()
