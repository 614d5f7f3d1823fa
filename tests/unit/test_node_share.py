"""What ranks that share a node take of its GPUs, cores and memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.command_line import ROOT, environment
from worker.core import memory, node_share
from worker.core.errors import UsageError
from worker.core.ranks import NodeRank, node_rank

SRUN = {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_PROCID": "1", "SLURM_NTASKS": "8"}
GPUS = ["0", "1", "2", "3"]


def slurm(local, per_node, **more):
    return SRUN | {"SLURM_LOCALID": local, "SLURM_TASKS_PER_NODE": per_node, **more}


def told(rank, size):
    return {"RENDER_WORKER_LOCAL_RANK": str(rank), "RENDER_WORKER_LOCAL_SIZE": str(size)}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, GPUS),
        (slurm("1", "4(x2)"), ["1"]),
        (slurm("1", "2(x4)"), ["1", "3"]),
        (slurm("5", "8"), ["1"]),
        (slurm("0", "1(x8)"), GPUS),
        (SRUN | {"SLURM_LOCALID": "1"}, GPUS),
        (slurm("1", "6,2", SLURM_NODEID="1"), ["1", "3"]),
        (slurm("1", "4(x2)", SLURM_GPUS_PER_TASK="4"), GPUS),
        (told(2, 3), ["2"]),
        ({"OMPI_COMM_WORLD_RANK": "6", "OMPI_COMM_WORLD_SIZE": "8",
          "OMPI_COMM_WORLD_LOCAL_RANK": "2", "OMPI_COMM_WORLD_LOCAL_SIZE": "4"}, ["2"]),
        (slurm("0", "1(x8)") | {"PMI_RANK": "9", "PMI_SIZE": "16", "MPI_LOCALRANKID": "1",
                                "MPI_LOCALNRANKS": "2"}, ["1", "3"]),
    ],
)  # fmt: skip
def test_ranks_that_see_the_same_gpus_share_them_out(variables, expected):
    assert node_share.of_gpus(GPUS, variables) == expected


def test_a_rank_by_hand_comes_before_the_launcher_s():
    assert node_rank(slurm("1", "4(x2)") | told(0, 2)) == NodeRank(0, 2, "RENDER_WORKER_LOCAL_RANK")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (told(2, 2), "LOCAL_RANK is 2"),
        (told("one", 2), "whole number"),
        ({"RENDER_WORKER_LOCAL_RANK": "0"}, "set both"),
        (told(0, 0), "1 or more"),
    ],
)
def test_a_wrong_rank_on_the_node_is_refused(variables, words):
    with pytest.raises(UsageError, match=words):
        node_rank(variables)


@pytest.mark.parametrize(
    ("own", "launcher", "variables", "cores"),
    [
        (16, 16, {}, 16),
        (16, 16, told(0, 4), 4),  # not bound: all ranks share them
        (4, 16, told(0, 4), 4),  # bound to cores of its own
        (8, 16, told(0, 8), 2),  # bound to a socket, with three others
        (8, 8, told(0, 4), 2),  # all of them in a container of 8 cores
        (1, 16, told(0, 2), 1),
        (2, 0, told(1, 4), 1),  # who started it cannot be seen
        (8, 8, told(0, 3), 3),
        (8, 8, told(2, 3), 2),
        (16, 16, {"RENDER_WORKER_CPUS": "6"}, 6),
        (16, 16, {"RENDER_WORKER_CPUS": "0"}, 16),
        (16, 16, {"SLURM_CPUS_PER_TASK": "2"}, 2),
    ],
)
def test_cores_are_divided_among_the_ranks_that_share_them(
    monkeypatch, own, launcher, variables, cores
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(own)))
    monkeypatch.setattr(node_share, "_launcher_cores", lambda _: launcher)
    assert node_share.of_cores([], variables) == cores


def test_a_quota_is_divided_too(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(node_share, "_launcher_cores", lambda _: 64)
    assert node_share.of_cores([6], told(0, 3)) == 2


def test_the_process_that_started_the_ranks_is_found():
    """A rank that is bound to one core, under two processes that are not ranks themselves."""
    code = (
        "import os; from worker.core import node_share;"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "print(node_share._launcher_cores('RENDER_WORKER_LOCAL_RANK'))"
    )
    done = subprocess.run(
        ["sh", "-c", 'RENDER_WORKER_LOCAL_RANK=0 sh -c \'"$@"; :\' rank "$@"; :', "launcher",
         sys.executable, "-c", code],
        env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) == len(os.sched_getaffinity(0))


def test_memory_is_divided(monkeypatch):
    monkeypatch.setattr(memory, "total", lambda: 16 << 30)
    for name, value in told(1, 4).items():
        monkeypatch.setenv(name, value)
    assert memory.own() == 4 << 30
    assert memory.default_limit(2) == int(memory.SHARE * (4 << 30) / 2)
