"""Every way a child can die, made to happen in a real one: named, cleaned up, on it goes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import msgspec
import pytest

from tests.integration.render.cubes import RECIPE, hurried, model
from tests.patience import PATIENT, until
from tests.tools import processes
from worker.contract.protocol import Phase
from worker.core.errors import (
    Crash,
    ObjectInterrupted,
    OutOfMemory,
    RenderFailed,
    Timeout,
)
from worker.pack.pack import pack

# kind:phase → what becomes of the object, and a word its message must hold
DEATHS = {
    "segfault:import": (Crash, "SIGSEGV"),
    "segfault:view": (Crash, "SIGSEGV"),
    "abort:scene": (Crash, "SIGABRT"),
    "leave:view": (Crash, "exit status 0"),
    "spin:import": (Timeout, "import"),
    "sleep:view": (Timeout, "view"),
    "stop:view": (Timeout, "view"),
    "swell:import": (OutOfMemory, "memory-limit"),
    "flood:view": (Crash, "SIGABRT"),
    "close-pipe:view": (Crash, "without an answer"),
    "bad-message:view": (Crash, "protocol"),
    "grandchild:view": (Crash, "SIGABRT"),
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_death_is_the_objects_outcome_and_nothing_else(death, make_pool, tmp_path):
    error, word = DEATHS[death]
    where = death.split(":")[1]
    most = (900 << 20) if "swell" in death else 0
    pool = make_pool(f"{death}:victim", limits=msgspec.structs.replace(PATIENT, memory_bytes=most))
    hurry = {f"{where}_s": 1.0} if error is Timeout else {}
    good, victim = model(tmp_path / "m", "good"), model(tmp_path / "m", "victim")
    assert pool.render(good, RECIPE, tmp_path / "raw").answer.uid == good.ref.uid
    with pytest.raises(error) as caught:
        pool.render(victim, RECIPE, tmp_path / "raw", hurried(pool, where, **hurry))
    assert word in str(caught.value)
    if error is not Timeout or "view" not in death:
        assert where in str(caught.value) or word == "memory-limit"
    assert pool.render(good, RECIPE, tmp_path / "raw").answer.uid == good.ref.uid
    pool.close()
    until(lambda: not processes.below(tmp_path / "children"))
    assert not [p for p in (tmp_path / "children").glob("child-*") if any(p.iterdir())]


def test_a_flood_is_kept_as_a_short_tail(make_pool, tmp_path):
    pool = make_pool("flood:view:victim")
    with pytest.raises(Crash) as caught:
        pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw")
    assert caught.value.log_tail
    assert sum(map(len, caught.value.log_tail)) < 20_000


def test_a_file_cut_off_after_it_was_written_is_found_when_packed(make_pool, tmp_path):
    pool = make_pool("cut-file:view:victim")
    good, victim = model(tmp_path / "m", "good"), model(tmp_path / "m", "victim")
    (tmp_path / "zip").mkdir()
    rendered = pool.render(victim, RECIPE, tmp_path / "raw")
    with pytest.raises(RenderFailed):
        pack(rendered, RECIPE, tmp_path / "zip")
    assert not list((tmp_path / "zip").iterdir())
    pack(pool.render(good, RECIPE, tmp_path / "raw"), RECIPE, tmp_path / "zip")
    assert len(list((tmp_path / "zip").iterdir())) == 1
    pool.close()
    until(lambda: not processes.below(tmp_path / "children"))
    assert not [p for p in (tmp_path / "children").glob("child-*") if any(p.iterdir())]


def test_closing_now_ends_an_object_at_work_as_interrupted(make_pool, tmp_path):
    pool = make_pool("sleep:view:victim")
    with pytest.raises(ObjectInterrupted):
        pool.render(
            model(tmp_path / "m", "victim"),
            RECIPE,
            tmp_path / "raw",
            asleep(threading.Thread(target=pool.close, kwargs={"now": True}).start),
        )
    until(lambda: not processes.below(tmp_path / "children"))


def test_a_killed_child_is_a_crash_that_is_tried_once_more(make_pool, tmp_path):
    pool = make_pool("sleep:view:victim")
    killed = []

    def kill() -> None:
        (pid,) = processes.below(tmp_path / "children")
        killed.append(pid)
        os.kill(pid, signal.SIGKILL)

    with pytest.raises(Crash, match="SIGKILL"):
        pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw", asleep(kill))
    assert len(set(killed)) == 2


def asleep(act: Callable[[], object]) -> Callable[[Phase], None]:
    """For `Pool.render`: `act`, each time that a child comes to where it sleeps."""

    def on_phase(told: Phase) -> None:
        if (told.phase, told.view) == ("view", 1):
            act()

    return on_phase
