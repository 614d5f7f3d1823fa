"""The program as a user runs it: a process of its own, by its command line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.patience import HANG_S
from worker import ledger
from worker.core import keys
from worker.core.launchers import LAUNCHERS, UNKNOWN
from worker.stores import open_store

ROOT = Path(__file__).parents[1]
ASIDE = (keys.LEDGER, keys.BEGUN, keys.SUMMARIES)
"""Keys that differ between runs: the ledger, and the notes and summaries beside it."""
SETTINGS = ("views=2", "resolution=32", "samples=1")
"""Of a recipe that renders in moments."""
SIGNS = frozenset(sign for launcher in (*LAUNCHERS, *UNKNOWN) for sign in launcher.signs)
"""Every variable that a launcher is known by."""
SMALL = tuple(word for setting in SETTINGS for word in ("--set", setting))


def ledger_parts(output: Path) -> list[Path]:
    """The ledger's parts in which each line is once: without those whose lines were joined."""
    listed = ledger.listing(open_store(str(output))).parts
    return [output / key for keys in listed.values() for key in keys]


def environment(**more: str) -> dict[str, str]:
    """This environment, without any launcher's or the worker's own variables."""
    dropped = ("RENDER_WORKER_", "SLURM_", "AWS_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(dropped) and name not in SIGNS
    }
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
    """sha256 by key of what the layout promises to be the same every time: all but the ledger,
    and the notes and summaries beside it.

    A worker that ends by itself leaves nothing else. One that was `killed` in the middle of a
    write leaves a temporary file, which no store shows and which is gone a day later.
    """
    return {
        path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.rglob("*"))
        if path.is_file()
        and not path.relative_to(output).as_posix().startswith(ASIDE)
        and not (killed and keys.is_own(path.name))
    }
