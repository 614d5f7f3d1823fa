"""Who am I, from every environment a worker may wake up in; and that shares cover the index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.errors import ExitStatus, UsageError
from worker.core.launchers import LAUNCHERS
from worker.core.ranks import Rank, ShardShare, assign, launcher_name, resolve

OURS = {"RENDER_WORKER_RANK": "2", "RENDER_WORKER_WORLD_SIZE": "5"}
SRUN = {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_PROCID": "1", "SLURM_NTASKS": "4"}
SBATCH = {"SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_NTASKS": "4"}


def array(task, first, last, count, step=1):
    return {
        "SLURM_JOB_ID": "7",
        "SLURM_ARRAY_TASK_ID": str(task),
        "SLURM_ARRAY_TASK_MIN": str(first),
        "SLURM_ARRAY_TASK_MAX": str(last),
        "SLURM_ARRAY_TASK_STEP": str(step),
        "SLURM_ARRAY_TASK_COUNT": str(count),
    }


KNOWN = {
    "nothing": ({}, None, None, Rank(0, 1)),
    "flags": ({}, 3, 4, Rank(3, 4)),
    "flags before variables": (OURS, 3, 4, Rank(3, 4)),
    "a flag and a variable": ({"RENDER_WORKER_WORLD_SIZE": "5"}, 3, None, Rank(3, 5)),
    "variables": (OURS, None, None, Rank(2, 5)),
    "variables before kubernetes": (
        OURS | {"JOB_COMPLETION_INDEX": "4"}, None, None, Rank(2, 5),
    ),
    "variables before slurm": (
        {"RENDER_WORKER_RANK": "2", "RENDER_WORKER_WORLD_SIZE": "4"} | SRUN,
        None, None, Rank(2, 4),
    ),
    "empty variables": (
        {"RENDER_WORKER_RANK": "", "RENDER_WORKER_WORLD_SIZE": " "}, None, None, Rank(0, 1),
    ),
    "kubernetes": (
        {"JOB_COMPLETION_INDEX": "4", "RENDER_WORKER_WORLD_SIZE": "5"},
        None, None, Rank(4, 5),
    ),
    "kubernetes, world as a flag": (
        {"JOB_COMPLETION_INDEX": "4"}, None, 5, Rank(4, 5),
    ),
    "srun": (SRUN, None, None, Rank(1, 4)),
    "srun, the same world": (SRUN, None, 4, Rank(1, 4)),
    "srun's variables in a container": (
        {"SLURM_PROCID": "3", "SLURM_NTASKS": "4"}, None, None, Rank(3, 4),
    ),
    "sbatch of one task": (
        {"SLURM_JOB_ID": "7", "SLURM_PROCID": "0"}, None, None, Rank(0, 1),
    ),
    "sbatch without srun, told by flags": (SBATCH, 1, 8, Rank(1, 8)),
    "one of many jobs started by hand": (
        {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "1"}, 9, 20, Rank(9, 20),
    ),
    "array": (array(3, 0, 9, 10), None, None, Rank(3, 10)),
    "array from one": (array(1, 1, 10, 10), None, None, Rank(0, 10)),
    "array in steps": (array(12, 4, 20, 5, step=4), None, None, Rank(2, 5)),
    "array without a count": (
        {k: v for k, v in array(12, 4, 20, 5, step=4).items() if "COUNT" not in k},
        None, None, Rank(2, 5),
    ),
    "array of srun": (array(2, 0, 2, 3) | SRUN, None, None, Rank(9, 12)),
    "uneven array, told by flags": (array(5, 0, 5, 3), 5, 6, Rank(5, 6)),
}  # fmt: skip

REFUSED = {
    "batch without srun": (SBATCH, None, None, ["srun", "SLURM_NTASKS=4"]),
    "interactive step": (SBATCH | {"SLURM_STEP_ID": "4294967290"}, None, None, ["srun"]),
    "batch array without srun": (array(1, 0, 2, 3) | SBATCH, None, None, ["srun"]),
    "uneven array": (array(5, 0, 5, 3), None, None, ["gaps", "--array=0-2"]),
    "kubernetes without a world": (
        {"JOB_COMPLETION_INDEX": "4"}, None, None,
        ["JOB_COMPLETION_INDEX", "RENDER_WORKER_WORLD_SIZE", "spec.completions"],
    ),
    "kubernetes index out of range": (
        {"JOB_COMPLETION_INDEX": "5", "RENDER_WORKER_WORLD_SIZE": "5"}, None, None,
        ["JOB_COMPLETION_INDEX is 5", "0 to 4"],
    ),
    "rank out of range": ({}, 3, 3, ["--rank is 3", "0 to 2"]),
    "negative rank": ({}, -1, 3, ["--rank is -1"]),
    "no world at all": ({}, 0, 0, ["--world-size is 0"]),
    "rank alone": ({}, 1, None, ["--rank is 1", "--world-size"]),
    "rank variable alone": (
        {"RENDER_WORKER_RANK": "1"}, None, None, ["RENDER_WORKER_RANK is 1", "--world-size"],
    ),
    "world alone": ({}, None, 8, ["--world-size is 8", "--rank"]),
    "world variable alone": (
        {"RENDER_WORKER_WORLD_SIZE": "8"}, None, None, ["RENDER_WORKER_WORLD_SIZE is 8", "--rank"],
    ),
    "world contradicts srun": (SRUN, None, 8, ["--world-size is 8", "4 workers"]),
    "flags contradict srun": (SRUN, 1, 8, ["--world-size is 8", "4 workers"]),
    "one of one under srun": (SRUN, 0, 1, ["--world-size is 1", "4 workers"]),
    "variables contradict the array": (
        array(1, 0, 9, 10) | OURS, None, None, ["RENDER_WORKER_WORLD_SIZE is 5", "10 workers"],
    ),
    "not a number": (
        OURS | {"RENDER_WORKER_RANK": "two"}, None, None, ["RENDER_WORKER_RANK", "two"],
    ),
    "a fraction": (SRUN | {"SLURM_PROCID": "1.5"}, None, None, ["SLURM_PROCID", "1.5"]),
    "negative index": (
        {"JOB_COMPLETION_INDEX": "-1", "RENDER_WORKER_WORLD_SIZE": "5"}, None, None,
        ["JOB_COMPLETION_INDEX", "-1"],
    ),
    "no tasks": (SRUN | {"SLURM_NTASKS": "0"}, None, None, ["SLURM_NTASKS", "1 or more"]),
    "procid out of range": (SRUN | {"SLURM_PROCID": "4"}, None, None, ["SLURM_PROCID", "0 to 3"]),
    "array without its bounds": (
        {"SLURM_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "3"}, None, None, ["SLURM_ARRAY_TASK_MIN"],
    ),
}  # fmt: skip


def mpi(rank, world, local, size):
    """Open MPI's variables, and PMIx's, which it sets too."""
    return {
        "OMPI_COMM_WORLD_RANK": rank, "OMPI_COMM_WORLD_SIZE": world, "PMIX_RANK": rank,
        "OMPI_COMM_WORLD_LOCAL_RANK": local, "OMPI_COMM_WORLD_LOCAL_SIZE": size,
    }  # fmt: skip


def hydra(rank, world, local, size):
    return {"PMI_RANK": rank, "PMI_SIZE": world, "MPI_LOCALRANKID": local, "MPI_LOCALNRANKS": size}


def torchrun(rank, world, local, size):
    return {
        "RANK": rank, "WORLD_SIZE": world, "LOCAL_RANK": local, "LOCAL_WORLD_SIZE": size,
        "TORCHELASTIC_RUN_ID": "none",
    }  # fmt: skip


def sge(task, first="1", last="10", step="1"):
    return {
        "SGE_TASK_ID": task, "SGE_TASK_FIRST": first, "SGE_TASK_LAST": last,
        "SGE_TASK_STEPSIZE": step,
    }  # fmt: skip


KUBERNETES = {"JOB_COMPLETION_INDEX": "1"}
LAUNCHED = {
    # One of each row of the table.
    "torchrun": (torchrun("3", "8", "3", "4"), None, Rank(3, 8)),
    "torchrun without a run id": (
        {"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "3"}, None, Rank(3, 8)
    ),
    "jsrun": (
        {"JSM_NAMESPACE_RANK": "2", "JSM_NAMESPACE_SIZE": "6"} | mpi("2", "6", "0", "2"),
        None, Rank(2, 6),
    ),
    "Open MPI": (mpi("1", "2", "1", "2"), None, Rank(1, 2)),
    "Flux": ({"FLUX_TASK_RANK": "3", "FLUX_JOB_SIZE": "4", "PMI_RANK": "3", "PMI_SIZE": "4"},
             None, Rank(3, 4)),
    "PALS": ({"PALS_RANKID": "3", "PALS_LOCAL_RANKID": "1"}, 4, Rank(3, 4)),
    "PALS with its PMI": (
        {"PALS_RANKID": "3", "PALS_LOCAL_RANKID": "1", "PMI_RANK": "3", "PMI_SIZE": "8"},
        None, Rank(3, 8),
    ),
    "MPICH or Intel MPI": (hydra("1", "3", "1", "3"), None, Rank(1, 3)),
    "AWS Batch (multi-node)": (
        {"AWS_BATCH_JOB_NODE_INDEX": "1", "AWS_BATCH_JOB_NUM_NODES": "3"}, None, Rank(1, 3)
    ),
    "SkyPilot": ({"SKYPILOT_NODE_RANK": "1", "SKYPILOT_NUM_NODES": "2"}, None, Rank(1, 2)),
    "dstack": ({"DSTACK_NODE_RANK": "0", "DSTACK_NODES_NUM": "2"}, None, Rank(0, 2)),
    "AWS Batch (array)": (
        {"AWS_BATCH_JOB_ARRAY_INDEX": "4", "AWS_BATCH_JOB_ARRAY_SIZE": "9"}, None, Rank(4, 9)
    ),
    "GCP Batch": ({"BATCH_TASK_INDEX": "0", "BATCH_TASK_COUNT": "2"}, None, Rank(0, 2)),
    "Cloud Run": (
        {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "2"}, None, Rank(1, 2)
    ),
    "LSF's array": (
        {"LSB_JOBINDEX": "3", "LSB_JOBINDEX_END": "9", "LSB_JOBINDEX_STEP": "2"}, None, Rank(1, 5)
    ),
    "LSF without an array": ({"LSB_JOBINDEX": "0"}, None, Rank(0, 1)),
    "Grid Engine's array": (sge("6", "2", "10", "4"), None, Rank(1, 3)),
    "Grid Engine without an array": (
        sge("undefined", "undefined", "undefined", "undefined"), None, Rank(0, 1)
    ),
    "PBS's array": ({"PBS_ARRAY_INDEX": "3"}, 4, Rank(3, 4)),
    "Torque's array": ({"PBS_ARRAYID": "0"}, 4, Rank(0, 4)),
    "GNU parallel": ({"PARALLEL_SEQ": "4"}, 4, Rank(3, 4)),
    "Kubernetes": (KUBERNETES, 4, Rank(1, 4)),
    "Slurm": (SRUN, None, Rank(1, 4)),
    "Slurm's array": (array(3, 0, 9, 10), None, Rank(3, 10)),
    # One inside another.
    "Open MPI by the daemons of a Slurm job": (
        SRUN | {"SLURM_NTASKS": "2"} | mpi("5", "8", "1", "4"), None, Rank(5, 8)
    ),
    "Open MPI on the first node of a Slurm job": (
        SBATCH | mpi("5", "8", "1", "4"), None, Rank(5, 8)
    ),
    "Open MPI in a Slurm array": (
        array(2, 0, 2, 3) | mpi("1", "2", "1", "2"), None, Rank(5, 6)
    ),
    "Slurm's own PMI2": (SRUN | {"PMI_RANK": "1", "PMI_SIZE": "4"}, None, Rank(1, 4)),
    "Slurm's own PMIx": (SRUN | {"PMIX_RANK": "1"}, None, Rank(1, 4)),
    "Hydra's proxies by srun": (
        SRUN | {"SLURM_NTASKS": "2"} | hydra("0", "8", "0", "4"), None, Rank(0, 8)
    ),
    "Open MPI in each pod of a Job": (
        KUBERNETES | mpi("1", "2", "1", "2"), 8, Rank(3, 8)
    ),
    "torchrun across the pods of a Job": (
        KUBERNETES | torchrun("9", "16", "1", "8"), None, Rank(9, 16)
    ),
    "torchrun across SkyPilot's nodes": (
        {"SKYPILOT_NODE_RANK": "1", "SKYPILOT_NUM_NODES": "2"} | torchrun("9", "16", "1", "8"),
        None, Rank(9, 16),
    ),
    "jsrun in an LSF array": (
        {"LSB_JOBINDEX": "2", "LSB_JOBINDEX_END": "2", "JSM_NAMESPACE_RANK": "1",
         "JSM_NAMESPACE_SIZE": "3"}, None, Rank(4, 6),
    ),
    "the same rank by two names": (SRUN | {"RANK": "1", "WORLD_SIZE": "4"}, None, Rank(1, 4)),
}  # fmt: skip

CONTRADICTIONS = {
    "two launchers of jobs": (
        array(3, 0, 9, 10) | sge("3"), None, ["Slurm's array", "Grid Engine's array", "SGE_TASK_ID"]
    ),
    "an mpirun in each task of srun": (
        SRUN | mpi("0", "2", "0", "2"), None,
        ["Open MPI says rank 0 of 2", "Slurm says rank 1 of 4"],
    ),
    "torchrun on each node of SkyPilot": (
        {"SKYPILOT_NODE_RANK": "1", "SKYPILOT_NUM_NODES": "2"} | torchrun("1", "8", "1", "8"), None,
        ["torchrun says rank 1 of 8", "SkyPilot says rank 1 of 2"],
    ),
    "another rank by a common name": (
        SRUN | {"RANK": "2", "WORLD_SIZE": "4"}, None, ["RANK is '2'", "PyTorch"]
    ),
    "common names alone": ({"RANK": "0", "WORLD_SIZE": "4"}, None, ["RANK is '0'", "PyTorch"]),
    "MVAPICH2": ({"MV2_COMM_WORLD_RANK": "0"}, None, ["MV2_COMM_WORLD_RANK", "MVAPICH2"]),
    "PMIx alone": ({"PMIX_RANK": "3"}, None, ["PMIX_RANK is '3'"]),
    "Nomad": ({"NOMAD_ALLOC_INDEX": "0"}, None, ["NOMAD_ALLOC_INDEX"]),
    "one of many jobs of Flux": (
        {"FLUX_JOB_CC": "4", "FLUX_TASK_RANK": "0", "FLUX_JOB_SIZE": "1"}, None, ["FLUX_JOB_CC"]
    ),
    "PBS does not tell the size": ({"PBS_ARRAY_INDEX": "3"}, None, ["PBS_ARRAY_INDEX is 3"]),
    "Torque does not tell the size": ({"PBS_ARRAYID": "3"}, None, ["PBS_ARRAYID is 3"]),
    "parallel does not tell the size": ({"PARALLEL_SEQ": "3"}, None, ["PARALLEL_SEQ"]),
    "PALS does not tell the size": ({"PALS_RANKID": "3"}, None, ["PALS_RANKID is 3"]),
    "PBS from one": ({"PBS_ARRAY_INDEX": "4"}, 4, ["0 to 3", "from 0"]),
    "a task between the tasks": (sge("4", "2", "10", "4"), None, ["SGE_TASK_ID=4", "qsub -t"]),
    "LSF's first task is not 1": (
        {"LSB_JOBINDEX": "2", "LSB_JOBINDEX_END": "8", "LSB_JOBINDEX_STEP": "2"}, None,
        ["LSB_JOBINDEX=2", "bsub -J"],
    ),
    "AWS Batch, another size": (
        {"AWS_BATCH_JOB_ARRAY_INDEX": "4", "AWS_BATCH_JOB_ARRAY_SIZE": "9"}, 5,
        ["RENDER_WORKER_WORLD_SIZE is 5", "9 workers"],
    ),
    "pods that do not divide the world": (
        KUBERNETES | mpi("1", "2", "1", "2"), 7, ["RENDER_WORKER_WORLD_SIZE"]
    ),
    "unknown tasks in each job": (
        array(3, 0, 9, 10) | {"PALS_RANKID": "3"}, None, ["PALS does not tell"]
    ),
}  # fmt: skip


def _with_world(env, world):
    return env if world is None else env | {"RENDER_WORKER_WORLD_SIZE": str(world)}


@pytest.mark.parametrize("name", LAUNCHED)
def test_launcher_gives_rank(name):
    env, world, expected = LAUNCHED[name]
    assert resolve(_with_world(env, world)) == expected


def test_every_row_is_tested_and_named():
    for launcher in LAUNCHERS:
        env, _, _ = LAUNCHED[launcher.name]
        assert launcher.name in launcher_name(env)
    assert launcher_name({}) == ""


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_unresolved_launchers_are_refused_with_what_to_set(name):
    env, world, words = CONTRADICTIONS[name]
    env = _with_world(env, world)
    with pytest.raises(UsageError) as caught:
        resolve(env)
    message = str(caught.value)
    assert caught.value.exit_status == ExitStatus.USAGE
    assert "\n" not in message
    assert "RENDER_WORKER_" in message
    for word in words:
        assert word in message
    if world is None:
        told = {"RENDER_WORKER_RANK": "2", "RENDER_WORKER_WORLD_SIZE": "10"}
        assert resolve(env | told) == Rank(2, 10)


@pytest.mark.parametrize("name", KNOWN)
def test_environment_gives_rank(name):
    env, rank, world, expected = KNOWN[name]
    assert resolve(env, rank, world) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_environment_is_refused_with_its_reason(name):
    env, rank, world, words = REFUSED[name]
    with pytest.raises(UsageError) as caught:
        resolve(env, rank, world)
    message = str(caught.value)
    assert caught.value.exit_status == ExitStatus.USAGE
    assert "\n" not in message
    for word in words:
        assert word in message


@given(st.integers(0, 5), st.integers(1, 4), st.integers(1, 7), st.integers(1, 3))
def test_every_task_of_an_array_of_sruns_is_its_own_rank(first, tasks, count, step):
    ids = range(first, first + count * step, step)
    found = [
        resolve(array(i, ids[0], ids[-1], count, step)
                | {"SLURM_STEP_ID": "0", "SLURM_PROCID": str(p), "SLURM_NTASKS": str(tasks)})
        for i in ids for p in range(tasks)
    ]  # fmt: skip
    assert [rank.rank for rank in found] == list(range(tasks * count))
    assert {rank.world for rank in found} == {tasks * count}


@given(st.lists(st.integers(0, 12), max_size=24), st.integers(1, 40))
def test_shares_are_disjoint_and_complete(sizes, world):
    taken = [
        (share.shard, k)
        for rank in range(world)
        for share in assign(len(sizes), rank, world)
        for k in range(sizes[share.shard])
        if k % share.stripes == share.stripe
    ]
    assert sorted(taken) == [(shard, k) for shard, size in enumerate(sizes) for k in range(size)]


def test_shards_go_round_the_ranks():
    assert [s.shard for s in assign(7, 1, 3)] == [1, 4]
    assert assign(2, 4, 5) == [ShardShare(0, 2, 3)]
    assert assign(1, 0, 1) == [ShardShare(0, 0, 1)]
    assert assign(0, 0, 3) == []


@pytest.mark.parametrize("huge", ["4294967296", "9" * 23, "9" * 5000])
def test_a_number_of_no_scheduler_is_refused(huge):
    for env in (
        OURS | {"RENDER_WORKER_WORLD_SIZE": huge},
        OURS | {"RENDER_WORKER_RANK": huge},
        SRUN | {"SLURM_NTASKS": huge},
        array(0, 0, huge, huge),
    ):
        with pytest.raises(UsageError, match="must be at most"):
            resolve(env)
    if len(huge) < 4300:
        with pytest.raises(UsageError, match="must be at most"):
            resolve({}, 5, int(huge))


def test_the_largest_world_has_its_shares():
    assert assign(3, 4294967294, 4294967295) == [ShardShare(2, 1431655764, 1431655765)]
