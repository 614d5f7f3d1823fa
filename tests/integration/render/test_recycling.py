"""When a living child is replaced: after its share, when it has swollen, after an error."""

from __future__ import annotations

import msgspec
import pytest

from tests.integration.render.cubes import RECIPE, model
from tests.patience import PATIENT
from tests.tools import processes
from worker.core.errors import Empty
from worker.supervisor import usage
from worker.supervisor.pool import RECYCLE_SHARE, Pool


def pids(pool: Pool, tmp_path, objects: int) -> set[int]:
    """The children that rendered some objects."""
    seen: set[int] = set()
    good = model(tmp_path / "m", "good")
    for _ in range(objects):
        pool.render(
            good,
            RECIPE,
            tmp_path / "raw",
            lambda _: seen.update(processes.below(tmp_path / "children")),
        )
    return seen


def test_a_child_serves_on_without_a_reason(make_pool, tmp_path):
    assert len(pids(make_pool(), tmp_path, 4)) == 1


def test_a_child_is_replaced_after_its_share_of_objects(make_pool, tmp_path):
    assert len(pids(make_pool(recycle_after=2), tmp_path, 6)) == 3


def test_a_swollen_child_is_replaced(make_pool, tmp_path):
    def replaced() -> bool:
        pool = make_pool()
        (pid,) = pids(pool, tmp_path, 1)
        held = usage.of_group(pid).resident
        pool.close()
        # What it holds anyway is within the limit, and over the share of it that may stay.
        limit = int(held * (1 + 1 / RECYCLE_SHARE) / 2)
        pool = make_pool(limits=msgspec.structs.replace(PATIENT, memory_bytes=limit))
        seen = pids(pool, tmp_path, 2)
        pool.close()
        return len(seen) == 2

    # A machine short of memory may take a child's pages between the two looks; not twice.
    assert replaced() or replaced()


def test_a_child_is_replaced_after_an_error(make_pool, tmp_path):
    pool = make_pool()
    (before,) = processes.below(tmp_path / "children")
    empty = model(tmp_path / "m", "empty")
    empty.path.write_text("# nothing\n")
    with pytest.raises(Empty):
        pool.render(empty, RECIPE, tmp_path / "raw")
    assert not processes.below(tmp_path / "children")
    (after,) = pids(pool, tmp_path, 1)
    assert after != before
