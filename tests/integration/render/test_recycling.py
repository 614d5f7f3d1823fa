"""When a living child is replaced: after its share, when it has swollen, after an error."""

from __future__ import annotations

import contextlib
import dataclasses
import os

import msgspec
import pytest

from tests.integration.render.cubes import RECIPE, model
from tests.integration.render.test_kernel_kills import wrapped
from tests.patience import PATIENT, until
from tests.tools import processes
from worker.core import usage
from worker.core.errors import Empty, ImportFailed, RenderFailed
from worker.supervisor.pool import RECYCLE_SHARE, Pool


def pids(pool: Pool, tmp_path, objects: int) -> set[int]:
    """The children that rendered some objects, each the leader of its group."""
    seen: set[int] = set()
    good = model(tmp_path / "m", "good")

    def note(_: object) -> None:
        for pid in processes.below(tmp_path / "children"):
            with contextlib.suppress(ProcessLookupError):
                seen.add(os.getpgid(pid))

    for _ in range(objects):
        pool.render(good, RECIPE, tmp_path / "raw", note)
    return seen


def test_a_child_serves_on_without_a_reason(make_pool, tmp_path):
    assert len(pids(make_pool(), tmp_path, 4)) == 1


def test_a_child_is_replaced_after_its_share_of_objects(make_pool, tmp_path):
    assert len(pids(make_pool(recycle_after=2), tmp_path, 6)) == 3


@pytest.mark.parametrize("wrapper", [False, True])
def test_a_swollen_child_is_replaced(wrapper, make_pool, tmp_path):
    # Of a shell that starts Blender, only the group is large.
    program = wrapped(tmp_path, "sleep:view:nobody") if wrapper else None

    pool = make_pool(program=program)
    (pid,) = pids(pool, tmp_path, 1)
    held = usage.of_group(pid).resident
    pool.close()
    # What it holds anyway is within the limit, and over the share of it that may stay.
    limit = int(held * (1 + 1 / RECYCLE_SHARE) / 2)
    pool = make_pool(program=program, limits=msgspec.structs.replace(PATIENT, memory_bytes=limit))
    seen: set[int] = set()
    # After a quick object the reading may be older than what the child has taken since, and a
    # machine short of memory may take some of that.
    until(lambda: seen.update(pids(pool, tmp_path, 1)) or len(seen) > 1)


def test_a_child_goes_on_after_a_refusal(make_pool, tmp_path):
    pool = make_pool()
    (before,) = processes.below(tmp_path / "children")
    for name, text, error in (
        ("empty", "# nothing\n", Empty),
        ("flat", "v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n", Empty),
        ("wide", "\ufeffo x\n", ImportFailed),
    ):
        bad = model(tmp_path / "m" / name, name)
        bad.path.write_text(text, encoding="utf-16" if name == "wide" else "utf-8")
        with pytest.raises(error):
            pool.render(bad, RECIPE, tmp_path / "raw")
        assert pids(pool, tmp_path, 1) == {before}


def test_a_child_that_fails_to_render_is_replaced_at_once(make_pool, tmp_path):
    pool = make_pool()
    (before,) = processes.below(tmp_path / "children")
    lights = dataclasses.replace(RECIPE.lights, rig="environment", environment="/nowhere.hdr")
    dark = dataclasses.replace(RECIPE, lights=lights)
    good = model(tmp_path / "m", "good")
    with pytest.raises(RenderFailed, match=r"nowhere\.hdr"):
        pool.render(good, dark, tmp_path / "raw")
    # Before any object asks for it.
    until(lambda: set(processes.below(tmp_path / "children")) - {before})
    (after,) = pids(pool, tmp_path, 1)
    assert after != before
