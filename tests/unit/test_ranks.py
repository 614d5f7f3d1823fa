"""Who am I, from every environment a worker may wake up in; and that shares cover the index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.errors import ExitStatus, UsageError
from worker.core.ranks import Rank, ShardShare, assign, resolve

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
