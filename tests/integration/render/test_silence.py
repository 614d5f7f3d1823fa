"""Frozen and at work are told apart, though in neither may the heart beat.

Every other deadline is far away here, so silence alone can end a child.
"""

from __future__ import annotations

import time

import pytest

from tests.integration.render.conftest import RECIPE, model
from worker.blender.mischief import WORK_S
from worker.errors import Timeout
from worker.render.watch import Limits

LIMITS = Limits(silence_s=3.0, import_s=600.0, view_s=600.0, object_s=600.0)


@pytest.mark.parametrize("frozen", ["stop:view", "spin:view", "spin:import"])
def test_a_frozen_child_is_ended(frozen, make_pool, tmp_path):
    pool = make_pool(f"{frozen}:victim", limits=LIMITS)
    good, victim = model(tmp_path / "m", "good"), model(tmp_path / "m", "victim")
    pool.render(good, RECIPE, tmp_path / "raw")
    with pytest.raises(Timeout, match="no sign of life for 3 s in the phase"):
        pool.render(victim, RECIPE, tmp_path / "raw")
    pool.render(good, RECIPE, tmp_path / "raw")


def test_a_child_that_works_lives_though_no_heart_beats(make_pool, tmp_path):
    pool = make_pool("work:view:victim", limits=LIMITS)
    begin = time.monotonic()
    pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw")
    assert time.monotonic() - begin > 2 * LIMITS.silence_s


def test_work_without_end_ends_at_its_deadline(make_pool, tmp_path):
    limits = Limits(silence_s=3.0, view_s=WORK_S / 2, object_s=600.0)
    pool = make_pool("work:view:victim", limits=limits)
    with pytest.raises(Timeout, match="over 5 s in the phase 'view'"):
        pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw")
