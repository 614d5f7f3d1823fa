"""The child as a process: what it says it can do, and how it ends."""

import pytest

from tests.integration.blender.driver import COMMANDS, Driver, small
from tests.patience import HANG_S
from worker.contract import protocol
from worker.core.formats import MODEL_SUFFIXES

DEBIAN_LACKS = {"abc", "usd", "usda", "usdc", "usdz"}


def test_ready_names_what_this_blender_has(child, blender):
    ready = child.ready
    lacks = DEBIAN_LACKS if blender == "debian" else set()
    assert set(ready["formats"]) == MODEL_SUFFIXES - lacks
    assert ready["engines"] == ["cycles", "eevee", "workbench"]
    exact = ["cycles", "workbench"] if blender == "debian" else ready["engines"]
    assert ready["exact_depth"] == exact
    assert ready["denoisers"] == ([] if blender == "debian" else ["openimagedenoise"])
    assert ("agx" in ready["view_transforms"]) == (blender == "wheel")
    assert {"standard", "filmic"} <= set(ready["view_transforms"])


def test_an_absent_device_is_named_and_the_child_lives(child):
    failed = child.configure("optix")
    if failed["type"] == "Configured":
        pytest.skip("this machine has an OptiX device")
    assert (failed["code"], failed["uid"]) == ("device", "")
    assert "optix" in failed["message"]
    assert child.configure("cpu")["devices"] == ["CPU"]


def test_phases_come_in_order(child, samples, tmp_path):
    child.render(samples / "gear.stl", tmp_path, small(views=3))
    first = [("import", -1), ("scene", -1), ("view", 0)]
    assert child.phases[: len(first)] == first
    later = child.phases[len(first) :]
    assert later == sorted(set(later) & {("view", 1), ("view", 2)})  # fast ones are not told


def test_slow_views_are_told_one_by_one(child, samples, tmp_path):
    wanted = [("view", 0), ("view", 1), ("view", 2)]
    cost = 1000
    child.phases = []
    while child.phases[-3:] != wanted:  # until views are slow, on whatever machine
        child.render(samples / "gear.stl", tmp_path, small(views=3, resolution=64, samples=cost))
        cost *= 4


def test_every_view_of_an_object_that_is_debugged_is_told(child, samples, tmp_path):
    child.render(samples / "gear.stl", tmp_path, small(views=9, resolution=16), debug=True)
    assert child.phases[-9:] == [("view", number) for number in range(9)]


def test_stop_ends_it_with_success(blender):
    with Driver(COMMANDS[blender]) as driver:
        driver.send(protocol.Stop())
        assert driver.process.wait(HANG_S) == 0


def test_it_beats_while_it_renders_and_does_not_outlive_its_host(blender, samples, tmp_path):
    with Driver(COMMANDS[blender]) as driver:
        endless = small(views=1, resolution=1024, samples=100_000)
        driver.begin(samples / "gear.stl", tmp_path, endless)
        while ("view", 0) not in driver.phases:
            driver.step()
        beats = driver.beats
        while driver.beats < beats + 2:
            driver.step()
        assert driver.phases[-1] == ("view", 0)
        driver.hang_up()
        assert driver.process.wait(HANG_S) == 0
