"""A Blender that does not come up: tried a few times, then said with what to check."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import wait

import msgspec
import pytest

from tests.integration.render.cubes import RECIPE, model
from tests.patience import PATIENT, until
from tests.tools import processes
from tests.tools.programs import program
from worker.core.errors import BlenderMissing, ObjectInterrupted
from worker.supervisor import runtime
from worker.supervisor.devices import Device
from worker.supervisor.fence.fences import Fences, Surroundings
from worker.supervisor.process import Child
from worker.supervisor.shares import Share
from worker.supervisor.slot import Slot
from worker.supervisor.starter import Starter

TRIES = 3
SLOW_S = 5.0
PLENTY = 1 << 40
SEVERAL = 20


def stumbling(folder, times: int, then: str = ""):
    """A Blender whose first `times` starts fail; and the file with a line for each start.

    It writes that file outside its home, so it is started without a sandbox.
    """
    starts = folder / "starts"
    fail = f"[ $(wc -l < {starts}) -gt {times} ] || {{ echo libnone.so: no such file; exit 127; }}"
    return program(folder / "blender", f"echo started >> {starts}\n{fail}\n{then}"), starts


def test_a_start_that_fails_twice_is_tried_again(make_pool, tmp_path):
    broken, starts = stumbling(tmp_path, TRIES - 1)
    pool = make_pool(program=broken, sandbox="off")
    pool.render(model(tmp_path / "m", "good"), RECIPE, tmp_path / "raw")
    assert len(starts.read_text().split()) == TRIES


def test_one_that_never_starts_is_the_nodes_fault_and_says_what_to_check(make_pool, tmp_path):
    broken, starts = stumbling(tmp_path, 1000)
    with pytest.raises(BlenderMissing, match=r"libnone\.so.*render-worker doctor"):
        make_pool(program=broken, sandbox="off")
    assert len(starts.read_text().split()) == TRIES
    until(lambda: not processes.below(tmp_path / "children"))


def test_a_slow_start_has_the_whole_of_its_deadline(make_pool, tmp_path):
    """No heart beats yet, so silence says nothing."""
    slow, starts = stumbling(tmp_path, 0, f"sleep {SLOW_S}")
    limits = msgspec.structs.replace(PATIENT, silence_s=SLOW_S / 2)
    assert make_pool(program=slow, limits=limits, sandbox="off").ready
    assert len(starts.read_text().split()) == 1


def test_a_start_that_hangs_ends_at_its_deadline(make_pool, tmp_path):
    hung = program(tmp_path / "blender", "exec sleep 2000")
    limits = msgspec.structs.replace(PATIENT, start_s=1.0)
    with pytest.raises(BlenderMissing, match="not finished within 1 s, in the phase 'start'"):
        make_pool(program=hung, limits=limits)
    until(lambda: not processes.below(tmp_path / "children"))


def test_the_time_that_a_child_waits_for_its_first_object_does_not_count(tmp_path):
    """All children are launched when the run begins; the last may wait for a slow download."""
    child = Child(runtime.find("bpy"), Device("cpu"), tmp_path / "child", PATIENT, PLENTY, None)
    try:
        child.watch.limits = msgspec.structs.replace(PATIENT, start_s=0.0)
        child.watch.enter("start")  # its deadline has passed
        ready, _ = child.start(threads=1)
        assert ready.blender
    finally:
        child.kill()


@pytest.mark.parametrize("now", [True, False])
def test_a_stop_while_children_are_launched_leaves_nothing(tmp_path, now):
    """As a run ends that is stopped early: close, and remove the scratch folder."""
    scratch = tmp_path / "scratch"
    home = scratch / "children"
    found = runtime.find("bpy")
    fences = Fences("auto", found, Surroundings().beside(home), os.environ)
    starter = Starter(found, PATIENT, home, None, fences)
    starter.memory_limit = PLENTY
    slots = [Slot(Device("cpu"), Share(threads=1), recycle_after=1) for _ in range(SEVERAL)]
    for slot in slots:
        starter.begin(slot)
    if now:
        starter.close(now=True)
    starter.close(now=False)
    shutil.rmtree(scratch, ignore_errors=True)
    wait([slot.coming for slot in slots if slot.coming is not None])
    assert not scratch.exists()
    assert not processes.below(home)
    with pytest.raises(ObjectInterrupted):
        starter.child(slots[-1])
