"""Why children were replaced, as the pool counts it."""

from __future__ import annotations

import msgspec
import pytest

from tests.integration.render.cubes import RECIPE, hurried, model
from tests.patience import PATIENT
from worker.core.errors import Crash, OutOfMemory, Timeout
from worker.supervisor.pool import ATTEMPTS, Pool


def reasons(pool: Pool) -> dict[str, int]:
    return {reason: count for reason, count in pool.restarts.counts().items() if count}


@pytest.mark.parametrize(
    ("fault", "error"),
    [("segfault:import", Crash), ("sleep:view", Timeout), ("swell:import", OutOfMemory)],
)
def test_each_death_of_a_child_counts(fault, error, make_pool, tmp_path):
    most = (900 << 20) if error is OutOfMemory else 0
    pool = make_pool(f"{fault}:victim", limits=msgspec.structs.replace(PATIENT, memory_bytes=most))
    hurry = {"view_s": 1.0} if error is Timeout else {}
    with pytest.raises(error):
        pool.render(
            model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw",
            hurried(pool, fault.partition(":")[2], **hurry),
        )  # fmt: skip
    assert reasons(pool) == {error.code: ATTEMPTS}


def test_a_replacement_after_its_share_of_objects_counts(make_pool, tmp_path):
    pool = make_pool(recycle_after=1)
    for _ in range(2):
        pool.render(model(tmp_path / "m", "good"), RECIPE, tmp_path / "raw")
    assert reasons(pool) == {"recycled": 2}
    assert len(pool.children) <= pool.size == 1


def test_a_fence_that_does_not_let_it_read_its_object_counts(make_pool, tmp_path):
    pool = make_pool(sandbox="require")
    pool.render(model(tmp_path / "m", "good"), RECIPE, tmp_path / "raw")
    assert reasons(pool) == {}
    pool.render(model(tmp_path / "unexpected", "good"), RECIPE, tmp_path / "raw")
    assert reasons(pool) == {"fence": 1}
    pool.render(model(tmp_path / "unexpected", "other"), RECIPE, tmp_path / "raw")
    assert reasons(pool) == {"fence": 1}
