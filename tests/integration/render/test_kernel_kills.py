"""What the kernel ends for memory is told from what anything else ends."""

from __future__ import annotations

import os
import signal

import pytest

from tests.integration.render.conftest import RECIPE, model, processes_of
from tests.integration.render.test_deaths import asleep
from worker.errors import Crash, OutOfMemory
from worker.render import memory


@pytest.mark.parametrize(
    ("number", "counted", "error"),
    [
        (signal.SIGKILL, True, OutOfMemory),
        (signal.SIGKILL, False, Crash),
        (signal.SIGSEGV, True, Crash),  # it was a sibling that the kernel ended
    ],
)
def test_out_of_memory_is_a_kill_that_the_kernel_counted(
    number, counted, error, make_pool, monkeypatch, tmp_path
):
    cgroup = tmp_path / "cgroup"
    cgroup.mkdir()
    monkeypatch.setattr(memory, "CGROUP", cgroup)
    monkeypatch.setattr(memory, "PROC", cgroup)
    pool = make_pool("sleep:view:victim")
    kills = []

    def end() -> None:
        (pid,) = processes_of(tmp_path / "children")
        kills.append(pid)
        if counted:
            (cgroup / "memory.events").write_text(f"oom {len(kills)}\noom_kill {len(kills)}\n")
        os.kill(pid, number)

    with pytest.raises(error):
        pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw", asleep(end))
