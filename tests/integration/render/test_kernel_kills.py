"""What the kernel ends for memory is told from what anything else ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.integration.render.cubes import RECIPE, model
from tests.integration.render.test_deaths import asleep
from tests.tools import processes
from tests.tools.programs import faulty
from worker.core import cgroup
from worker.core.errors import Crash, OutOfMemory


def wrapped(folder: Path, fault: str) -> Path:
    """A shell script that starts Blender and waits for it, as some distributions install it."""
    script = folder / "wrapper"
    script.write_text(f'#!/bin/sh\n{faulty(folder / "blender", fault)} "$@"\nexit $?\n')
    script.chmod(0o755)
    return script


@pytest.mark.parametrize(
    ("number", "counted", "wrapper", "error"),
    [
        (signal.SIGKILL, True, False, OutOfMemory),
        (signal.SIGKILL, True, True, OutOfMemory),
        (signal.SIGKILL, False, False, Crash),
        (signal.SIGSEGV, True, False, Crash),  # it was a sibling that the kernel ended
    ],
)
def test_out_of_memory_is_a_kill_that_the_kernel_counted(
    number, counted, wrapper, error, make_pool, monkeypatch, tmp_path
):
    groups = tmp_path / "cgroup"
    groups.mkdir()
    monkeypatch.setattr(cgroup, "ROOT", groups)
    monkeypatch.setattr(cgroup, "PROC", groups)
    fault = "sleep:view:victim"
    pool = make_pool(program=wrapped(tmp_path, fault)) if wrapper else make_pool(fault)
    kills = []

    def end() -> None:
        pid = max(processes.below(tmp_path / "children"))
        kills.append(pid)
        if counted:
            (groups / "memory.events").write_text(f"oom {len(kills)}\noom_kill {len(kills)}\n")
        os.kill(pid, number)

    with pytest.raises(error):
        pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw", asleep(end))
