"""How many children share out which cores."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest

from tests.command_line import environment
from worker import presets
from worker.core import cores, memory, node_share
from worker.supervisor import shares
from worker.supervisor.launch import ANY_CORE, NO_FENCE
from worker.supervisor.process import LAUNCH
from worker.supervisor.shares import Asked, Share, Work

GB = 1 << 30
SMALL = presets.load("default", ["resolution=128", "samples=16", "cycles.adaptive=false"])
LARGE = presets.load("default", ["resolution=512", "samples=32", "cycles.adaptive=false"])
LONG = presets.load("trellis", [])
"""150 views: 400 core seconds."""


@pytest.fixture
def machine(monkeypatch):
    """A function that makes a machine of cores and memory, and says which cores are one's own."""

    def make(count: int, gigabytes: int = 1024, *, own: bool = True) -> None:
        monkeypatch.setattr(cores, "usable", lambda: count)
        monkeypatch.setattr(cores, "own", lambda: tuple(range(count)) if own else ())
        monkeypatch.setattr(memory, "own", lambda: gigabytes * GB)

    return make


@pytest.mark.parametrize(
    ("count", "gigabytes", "asked", "work", "children"),
    [
        (1, 64, Asked(), Work(0, SMALL), 1),
        (2, 64, Asked(), Work(0, SMALL), 2),
        (16, 256, Asked(), Work(0, SMALL), 16),
        (64, 1024, Asked(), Work(0, SMALL), 64),
        (64, 64, Asked(), Work(0, SMALL), 12),  # 80 % of 64 GB, 4 GB each
        (64, 2, Asked(), Work(0, SMALL), 1),
        (64, 64, Asked(memory_bytes=GB), Work(0, SMALL), 51),
        (64, 64, Asked(memory_bytes=100 * GB), Work(0, SMALL), 1),
        (64, 1024, Asked(), Work(5, SMALL), 5),  # never more than there are objects
        (64, 1024, Asked(), Work(), 1),
        (64, 1024, Asked(), Work(0, LARGE), 16),
        (2, 64, Asked(), Work(0, LARGE), 1),
        (64, 1024, Asked(), Work(0, LONG), 5),  # 14 cores each: half a minute
        (3, 64, Asked(children=7), Work(1, LARGE), 7),  # the user wins
        (64, 1, Asked(children=7), Work(), 7),
        (16, 256, Asked(threads=4), Work(0, SMALL), 4),
        (2, 64, Asked(threads=8), Work(0, SMALL), 1),
        (64, 1024, Asked(threads=1), Work(0, LARGE), 64),  # no core is idle
        (64, 1024, Asked(threads=16), Work(0, SMALL), 4),
    ],
)
def test_children_follow_cores_memory_objects_and_pictures(
    machine, count, gigabytes, asked, work, children
):
    machine(count, gigabytes)
    assert shares.per_device("cpu", asked, work) == children


@pytest.mark.parametrize(("count", "children"), [(1, 1), (2, 1), (3, 1), (4, 2), (64, 32)])
def test_children_that_cannot_be_pinned_have_two_cores_each(machine, count, children):
    machine(count, own=False)
    assert shares.per_device("cpu", Asked(), Work(0, SMALL)) == children
    parts = shares.of_children("cpu", children)
    assert all(not part.cores and part.threads >= shares.LEAST_UNPINNED for part in parts)


@pytest.mark.parametrize("total", [1, 2, 3, 16, 64])
def test_a_child_has_the_most_cores_that_cost_a_little(total):
    """By trying every number of cores instead of solving for it."""
    for recipe in (None, SMALL, LARGE, LONG):
        parallel = shares.parallel_s(recipe)
        rates = {each: total / (each * shares.SERIAL_S + parallel) for each in range(1, total + 1)}
        assert max(rates, key=lambda each: rates[each]) == 1
        cheap = [each for each, rate in rates.items() if rate >= (1 - shares.LOSS) * rates[1]]
        most = min(shares.cores_per_child(recipe), total)
        enough = 4 if parallel <= 120 else math.ceil(parallel / 30)
        assert most == min(max(cheap), enough, total)
        assert recipe is LONG or enough == shares.MOST_CORES


@pytest.mark.parametrize("children", [1, 2, 3, 5, 7])
def test_pinned_children_have_all_cores_and_none_twice(machine, children):
    machine(7)
    parts = shares.of_children("cpu", children)
    assert sorted(core for part in parts for core in part.cores) == list(range(7))
    assert all(part.threads == len(part.cores) for part in parts)
    assert max(part.threads for part in parts) - min(part.threads for part in parts) <= 1


def test_more_children_than_cores_share_them(machine):
    machine(2)
    found = [part.cores for part in shares.of_children("cpu", 5)]
    assert found == [(0,), (1,), (0,), (1,), (0,)]


def test_the_user_s_threads_are_a_child_s_cores(machine):
    machine(8)
    assert shares.of_children("cpu", 2, threads=1) == [Share((0,), 1), Share((4,), 1)]
    assert shares.of_children("cpu", 8, threads=3)[0] == Share((0,), 3)


def test_gpu_children_are_not_pinned(machine):
    machine(8)
    assert shares.per_device("optix", Asked(), Work(0, SMALL)) == shares.GPU_CHILDREN
    assert {part.cores for part in shares.of_children("optix", 4)} == {()}


@pytest.mark.parametrize(
    ("seen", "launcher", "variables", "own"),
    [
        (8, 8, {}, range(8)),
        (8, 8, {"RENDER_WORKER_CPUS": "4"}, ()),  # not told which
        (8, 8, {"SLURM_CPUS_PER_TASK": "2"}, ()),
        (8, 8, {"RENDER_WORKER_LOCAL_RANK": "1", "RENDER_WORKER_LOCAL_SIZE": "3"}, range(3, 6)),
        (8, 8, {"RENDER_WORKER_LOCAL_RANK": "2", "RENDER_WORKER_LOCAL_SIZE": "3"}, range(6, 8)),
        (4, 16, {"RENDER_WORKER_LOCAL_RANK": "2", "RENDER_WORKER_LOCAL_SIZE": "4"}, range(4)),
        (8, 16, {"RENDER_WORKER_LOCAL_RANK": "2", "RENDER_WORKER_LOCAL_SIZE": "8"}, ()),
        (2, 2, {"RENDER_WORKER_LOCAL_RANK": "2", "RENDER_WORKER_LOCAL_SIZE": "4"}, range(1)),
        (2, 2, {"RENDER_WORKER_LOCAL_RANK": "3", "RENDER_WORKER_LOCAL_SIZE": "4"}, range(1, 2)),
    ],
)
def test_own_cores_are_known_or_none_is_named(monkeypatch, seen, launcher, variables, own):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(seen)))
    monkeypatch.setattr(node_share, "_launcher_cores", lambda _: launcher)
    monkeypatch.setattr(cores, "_quotas", list)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cores.own() == tuple(own)


def test_a_quota_names_no_core(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(cores, "_quotas", lambda: [3])
    assert cores.own() == ()


def test_a_core_that_was_taken_away_is_left_out(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 2})
    assert cores.still((0, 1)) == (1,)
    assert cores.still((0,)) == ()


@pytest.mark.parametrize("pinned", [True, False])
def test_a_program_starts_on_its_cores(pinned):
    every = sorted(os.sched_getaffinity(0))
    given = str(every[-1]) if pinned else ANY_CORE
    code = "import os; print(sorted(os.sched_getaffinity(0)))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), NO_FENCE, given,
         sys.executable, "-c", code],
        env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str(every[-1:] if pinned else every)


def test_a_core_that_is_gone_is_named():
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), NO_FENCE, "1000",
         sys.executable, "-c", ""],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        1, "Blender cannot be pinned to the cores 1000: Invalid argument\n"
    )  # fmt: skip
