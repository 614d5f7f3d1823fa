"""One run of the worker, as a user starts it, over a folder of mutated models."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.command_line import ROOT, command, environment
from tests.fuzz.guard import Guard
from tests.fuzz.seeds import Model
from worker.core.errors import ExitStatus

ITS: Final = ("scratch/", "out/")
"""Folders in the guard's `work` that are the worker's own."""
SANDBOX: Final = ("--sandbox", "require")
"""Every model is rendered by a fenced child, or not at all."""
OPTIONS: Final = (
    "--device", "cpu", "--set", "views=1", "--set", "resolution=64", "--set", "samples=1",
    "--object-timeout", "20", "--import-timeout", "12", "--view-timeout", "12",
    "--memory-limit-mb", "2500", "--max-download-mb", "64", "--max-failure-rate", "1",
    "--log-level", "info", *SANDBOX,
)  # fmt: skip
ENDINGS: Final = frozenset({ExitStatus.DONE, ExitStatus.TOO_MANY_FAILED, ExitStatus.BUG})
"""How a run may end that gave every object its outcome. BUG: one of them is `internal`."""
DEATH_CODES: Final = frozenset({"crash", "memory", "timeout"})
REPLACED: Final = "blender replaced, retrying the object"
PER_OBJECT_S: Final = 60
"""Much more than two attempts at an object may take; a run that takes longer is stuck."""


@dataclass(frozen=True)
class Batch:
    """What became of one run."""

    outcomes: dict[str, dict[str, Any]]
    """The ledger's line of each object, by the name of its folder."""
    missing: tuple[str, ...]
    """The objects without an outcome."""
    status: int | None
    """The worker's exit status; negative: a signal; None: it was stuck."""
    child_deaths: int
    escapes: tuple[str, ...]
    log: str

    @property
    def worker_died(self) -> bool:
        """Whether it ended otherwise than documented, or lost an object."""
        return self.status not in ENDINGS or bool(self.missing)

    @property
    def killers(self) -> tuple[str, ...]:
        """The objects on which a child died twice, or that nobody can have foreseen."""
        return tuple(
            name
            for name, line in self.outcomes.items()
            if line.get("code") in DEATH_CODES | {"internal"}
        )


def run(
    guard: Guard,
    models: Mapping[str, Model],
    said: Callable[[int], None] = lambda _: None,
    options: tuple[str, ...] = OPTIONS,
) -> Batch:
    """Lay `models` out, each in a folder of its own, and render them.

    said: told how many outcomes there are.
    """
    folder = guard.work / "models"
    for each in (folder, *(guard.work / name for name in ITS)):
        shutil.rmtree(each, ignore_errors=True)
    for empty in ("home", "tmp", "cwd"):
        (guard.work / empty).mkdir(exist_ok=True)
    names = {}
    for name, model in models.items():
        names[model.write(folder / name).relative_to(folder).as_posix()] = name
    guard.begin()
    status, log = _worker(guard.work, len(models), said, options)
    escapes = guard.escapes()
    lines = [
        json.loads(line)
        for part in sorted((guard.work / "out").glob("ledger/*/*.jsonl"))
        for line in part.read_text().splitlines()
    ]
    outcomes = {names[line["file_identifier"]]: line for line in lines}
    deaths = log.count(REPLACED) + sum(
        line.get("code") in DEATH_CODES for line in outcomes.values()
    )
    missing = tuple(sorted(set(models) - set(outcomes)))
    return Batch(outcomes, missing, status, deaths, tuple(escapes), log)


def _worker(
    work: Path, count: int, said: Callable[[int], None], options: tuple[str, ...]
) -> tuple[int | None, str]:
    """Run it to its end; its exit status and its log."""
    own = {"HOME": work / "home", "TMPDIR": work / "tmp", "PYTHONPATH": ROOT}
    process = subprocess.Popen(
        command("run", work / "models", "--output", work / "out", "--scratch", work / "scratch",
                *options),
        env=environment(**{name: str(value) for name, value in own.items()}), cwd=work / "cwd",
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
        start_new_session=True,
    )  # fmt: skip
    stuck = threading.Event()

    def end() -> None:
        stuck.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(60 + count * PER_OBJECT_S, end)
    timer.start()
    log, done = [], 0
    assert process.stderr is not None
    try:
        with process.stderr:
            for line in process.stderr:
                log.append(line)
                if '"event": "rendered"' in line or '"event": "failed"' in line:
                    done += 1
                    said(done)
        status = process.wait()
    finally:
        timer.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return None if stuck.is_set() else status, "".join(log)
