"""Children that share out the cores: pinned before Blender starts, and all of them used."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from tests.integration.render.cubes import RECIPE, model
from worker.core import cores
from worker.supervisor import shares


def test_children_are_pinned_to_cores_of_their_own(make_pool, tmp_path):
    pool = make_pool(children_per_device=2)
    both = threading.Barrier(2)

    def render(name: str) -> None:
        # Each has a slot when the first view begins, so that both children are up.
        met: list[int] = []

        def on_phase(told) -> None:
            if told.view == 0 and not met:
                met.append(both.wait())

        try:
            pool.render(model(tmp_path / "m", name), RECIPE, tmp_path / name, on_phase)
        except BaseException:
            both.abort()  # the other would wait for ever
            raise

    threads = [threading.Thread(target=render, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wanted = [part.cores or cores.still(range(4096)) for part in shares.of_children("cpu", 2)]
    assert [pinned(child.pid) for child in pool.children] == [[set(part)] for part in wanted]


def test_an_object_that_is_rendered_alone_has_all_cores(make_pool, tmp_path):
    pool = make_pool(children_per_device=2)
    (whole,), parts = shares.of_children("cpu", 1), shares.of_children("cpu", 2)
    with pool.alone():
        for name in ("one", "two"):
            pool.render(model(tmp_path / "m", name), RECIPE, tmp_path / name)
        (child,) = pool.children
        assert pinned(child.pid) == [set(cores.still(whole.cores or range(4096)))]
    pool.render(model(tmp_path / "m", "three"), RECIPE, tmp_path / "three")
    (child,) = pool.children
    assert pinned(child.pid) == [set(cores.still(parts[0].cores or range(4096)))]
    assert not any(pool.restarts.counts().values())


def pinned(pid: int) -> list[set[int]]:
    """The different sets of cores of all threads of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # a thread that has ended since
            allowed = os.sched_getaffinity(int(task.name))
            if allowed not in found:
                found.append(allowed)
    return found
