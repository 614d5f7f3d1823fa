"""A node that cannot render condemns no object; one that can is told by a plain cube."""

from __future__ import annotations

import pytest

from tests.fault_injection.child import VARIABLE
from tests.integration.render.cubes import RECIPE, model
from tests.tools.programs import FAKE_GPUS, FAULTY, program
from worker.core.errors import Crash, NodeUnusable

DIES = f"export {VARIABLE}=abort:scene:"


def test_a_bad_node_condemns_not_even_the_first_object(make_pool, tmp_path):
    pool = make_pool("abort:scene:")  # every object, the canary too
    with pytest.raises(NodeUnusable, match=r"Blender died on cpu.*doctor"):
        pool.render(model(tmp_path / "m", "a"), RECIPE, tmp_path / "raw")


def test_a_canary_that_lives_clears_the_node(make_pool, tmp_path):
    pool = make_pool("abort:view:victim")
    for _ in range(4):
        with pytest.raises(Crash):
            pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "raw")
    pool.render(model(tmp_path / "m", "good"), RECIPE, tmp_path / "raw")
    assert not list((tmp_path / "children").glob("*/canary"))


def test_a_node_that_goes_bad_condemns_no_object_either(make_pool, tmp_path):
    turning = program(tmp_path / "blender", f"[ ! -e {tmp_path}/bad ] || {DIES}", FAULTY)
    pool = make_pool(program=turning, recycle_after=1)
    good = model(tmp_path / "m", "good")
    pool.render(good, RECIPE, tmp_path / "raw")
    (tmp_path / "bad").touch()
    with pytest.raises(NodeUnusable, match="a plain cube does not render there either"):
        pool.render(good, RECIPE, tmp_path / "raw")


def test_a_gpu_beside_it_that_renders_does_not_speak_for_a_bad_one(
    make_pool, monkeypatch, tmp_path
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    dies = f'[ "$CUDA_VISIBLE_DEVICES" = 0 ] || {DIES}'
    half_bad = program(tmp_path / "blender", dies, FAKE_GPUS)
    pool = make_pool(program=half_bad, device="cuda", children_per_device=1)
    good = model(tmp_path / "m", "good")
    met = []

    def use_the_other(_) -> None:
        if not met:
            with pytest.raises(NodeUnusable) as caught:
                pool.render(good, RECIPE, tmp_path / "other")
            met.append(str(caught.value))

    pool.render(good, RECIPE, tmp_path / "raw")
    pool.render(good, RECIPE, tmp_path / "raw", use_the_other)
    assert "Blender died on cuda 1" in met[0]
