"""Frozen and at work are told apart, though in neither may the heart beat.

Every deadline but the one that counts is far away here, and that one too until the fault strikes.
"""

from __future__ import annotations

import time

import pytest

from tests.fault_injection.child import WORK_S
from tests.integration.render.cubes import RECIPE, hurried, model
from worker.core.errors import Timeout

SILENCE_S = 10.0


@pytest.mark.parametrize("frozen", ["stop:view", "spin:view", "spin:import"])
def test_a_frozen_child_is_ended(frozen, make_pool, tmp_path):
    pool = make_pool(f"{frozen}:victim")
    hurry = hurried(pool, frozen.split(":")[1], silence_s=SILENCE_S)
    good, victim = model(tmp_path / "m", "good"), model(tmp_path / "m", "victim")
    pool.render(good, RECIPE, tmp_path / "raw")
    with pytest.raises(Timeout, match="no sign of life for 10 s in the phase"):
        pool.render(victim, RECIPE, tmp_path / "raw", hurry)
    pool.render(good, RECIPE, tmp_path / "raw")


def test_a_child_that_works_lives_though_no_heart_beats(make_pool, tmp_path):
    pool = make_pool("work:scene:victim")
    hurry = hurried(pool, "scene", silence_s=SILENCE_S)
    begin = time.monotonic()
    pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw", hurry)
    assert time.monotonic() - begin > WORK_S > 2 * SILENCE_S


def test_work_without_end_ends_at_its_deadline(make_pool, tmp_path):
    pool = make_pool("toil:view:victim")
    hurry = hurried(pool, "view", view_s=SILENCE_S)
    with pytest.raises(Timeout, match="over 10 s in the phase 'view'"):
        pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw", hurry)
