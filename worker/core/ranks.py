"""Who am I: rank and world size; and which shards are mine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from worker.core.errors import UsageError

RANK: Final = "RENDER_WORKER_RANK"
WORLD_SIZE: Final = "RENDER_WORKER_WORLD_SIZE"
MOST: Final = 0xFFFFFFFF
"""More than any scheduler's numbers, which have 32 bits."""
STEPS_THAT_ARE_NO_SRUN: Final = 0xFFFFFFF0
"""Slurm's batch, external and interactive steps have numbers from here on."""


class Rank(msgspec.Struct, frozen=True):
    """One worker among `world`: 0 <= rank < world."""

    rank: int
    world: int


class ShardShare(msgspec.Struct, frozen=True):
    """A rank's part of a shard: its objects k with k % stripes == stripe."""

    shard: int
    stripe: int
    stripes: int


class LauncherRank(msgspec.Struct, frozen=True):
    """What a scheduler's variables say; None is what they do not say, `trap` why they cannot."""

    rank: int | None = None
    world: int | None = None
    trap: str | None = None


class Scheduler(msgspec.Struct, frozen=True):
    """A row of the table: `read` is asked when any of the variables `signs` is set."""

    name: str
    signs: tuple[str, ...]
    source: str
    read: Callable[[Mapping[str, str]], LauncherRank]


def _kubernetes(env: Mapping[str, str]) -> LauncherRank:
    # Nothing tells a pod how many completions its Job has: the manifest sets WORLD_SIZE.
    return LauncherRank(rank=_number(env, "JOB_COMPLETION_INDEX"))


def _slurm(env: Mapping[str, str]) -> LauncherRank:
    tasks = _number(env, "SLURM_NTASKS", 1, at_least=1)
    # Without a job's id this is a container that was handed srun's own variables.
    in_job = _text(env, "SLURM_JOB_ID") is not None
    step = _number(env, "SLURM_STEP_ID", STEPS_THAT_ARE_NO_SRUN if in_job else 0)
    if step >= STEPS_THAT_ARE_NO_SRUN:
        # A batch script is PROCID 0 of NTASKS too: alone, it would leave the others' work undone.
        if tasks > 1:
            return LauncherRank(
                trap=f"Slurm gave this job SLURM_NTASKS={tasks} tasks, but the worker was not "
                "started by srun, so the other tasks' work would stay undone: "
                "run it as 'srun render-worker run …'"
            )
        procid = 0
    else:
        procid = _number(env, "SLURM_PROCID", 0)
    if _text(env, "SLURM_ARRAY_TASK_ID") is None:
        return LauncherRank(rank=procid, world=tasks)
    task = _number(env, "SLURM_ARRAY_TASK_ID")
    first = _number(env, "SLURM_ARRAY_TASK_MIN")
    last = _number(env, "SLURM_ARRAY_TASK_MAX")
    stride = _number(env, "SLURM_ARRAY_TASK_STEP", 1, at_least=1)
    count = _number(env, "SLURM_ARRAY_TASK_COUNT", (last - first) // stride + 1, at_least=1)
    if first + stride * (count - 1) != last or (task - first) % stride:
        return LauncherRank(
            trap=f"the Slurm array ({count} tasks from {first} to {last}) has uneven gaps, so "
            f"no rank follows from SLURM_ARRAY_TASK_ID={task}: use --array=0-{count - 1}"
        )
    return LauncherRank(rank=(task - first) // stride * tasks + procid, world=count * tasks)


def _alone(_env: Mapping[str, str]) -> LauncherRank:
    return LauncherRank(rank=0, world=1)


SCHEDULERS: Final = (
    Scheduler("kubernetes", ("JOB_COMPLETION_INDEX",), "JOB_COMPLETION_INDEX", _kubernetes),
    Scheduler(
        "slurm",
        ("SLURM_JOB_ID", "SLURM_PROCID", "SLURM_ARRAY_TASK_ID"),
        "SLURM_PROCID of SLURM_NTASKS times the array",
        _slurm,
    ),
)
"""Asked in this order; the first whose sign is set answers."""

NO_SCHEDULER: Final = Scheduler("none", (), "no scheduler", _alone)


def resolve(env: Mapping[str, str], rank: int | None = None, world: int | None = None) -> Rank:
    """Rank and world size: flags, then RENDER_WORKER_RANK and _WORLD_SIZE, then the scheduler's.

    Raises: UsageError saying which variable or flag is wrong and what to do.
    """
    rank_from, rank = _told(env, "--rank", rank, RANK)
    world_from, world = _told(env, "--world-size", world, WORLD_SIZE)
    scheduler = next((s for s in SCHEDULERS if any(_text(env, v) for v in s.signs)), NO_SCHEDULER)
    place = scheduler.read(env)
    if rank is None:
        return _scheduled(scheduler, place, world_from, world)
    if world is None:
        raise UsageError(
            f"{rank_from} is {rank}, but nothing says of how many workers: "
            f"give --world-size (or {WORLD_SIZE}) too"
        )
    _agree(scheduler, place, world_from, world)
    return _checked(Rank(rank, world), rank_from, world_from)


def _scheduled(
    scheduler: Scheduler, place: LauncherRank, world_from: str, world: int | None
) -> Rank:
    """The scheduler's rank; `world` is one that a flag or variable gave."""
    if place.trap is not None or place.rank is None:
        raise UsageError(
            f"{place.trap}; or give each worker its own --rank and --world-size "
            f"(or {RANK} and {WORLD_SIZE})"
        )
    if world is None and place.world is None:
        raise UsageError(
            f"{scheduler.source} is {place.rank}, but Kubernetes does not tell a pod the number "
            f"of completions: set {WORLD_SIZE} in the manifest to the Job's spec.completions"
        )
    if world is not None and place.world == 1 and world != 1:
        raise UsageError(
            f"{world_from} is {world}, but nothing says which of them this worker is: "
            f"give --rank (or {RANK}) too"
        )
    if world is not None:
        _agree(scheduler, place, world_from, world)
    return _checked(Rank(place.rank, place.world or world or 0), scheduler.source, world_from)


def _agree(scheduler: Scheduler, place: LauncherRank, world_from: str, world: int) -> None:
    # A scheduler that runs a single task has no opinion: a person may start many such jobs by hand.
    if place.world not in (None, 1, world):
        raise UsageError(
            f"{world_from} is {world}, but {scheduler.name} runs {place.world} workers "
            f"({scheduler.source}): leave {world_from} out, or make them equal"
        )


def _checked(rank: Rank, rank_from: str, world_from: str) -> Rank:
    if rank.world < 1:
        raise UsageError(f"{world_from} is {rank.world}: it must be at least 1")
    if rank.world > MOST:
        raise UsageError(f"{world_from} is {rank.world}: it must be at most {MOST}")
    if not 0 <= rank.rank < rank.world:
        raise UsageError(
            f"{rank_from} is {rank.rank}, but with a world size of {rank.world} "
            f"ranks go from 0 to {rank.world - 1}"
        )
    return rank


def _told(
    env: Mapping[str, str], flag: str, value: int | None, variable: str
) -> tuple[str, int | None]:
    """Where a number comes from, and the number: the flag's, else the variable's, else None."""
    if value is not None:
        return flag, value
    return variable, (_number(env, variable) if _text(env, variable) is not None else None)


def _text(env: Mapping[str, str], variable: str) -> str | None:
    """A variable's text; a manifest that leaves it empty leaves it out."""
    return env.get(variable, "").strip() or None


def _number(
    env: Mapping[str, str], variable: str, default: int | None = None, at_least: int = 0
) -> int:
    text = _text(env, variable)
    if text is None:
        if default is None:
            raise UsageError(f"{variable} is not set, although its scheduler should set it")
        return default
    whole = text.isascii() and text.isdigit()
    if whole and (len(text) > len(str(MOST)) or int(text) > MOST):
        raise UsageError(f"{variable} is {text[:40]}: it must be at most {MOST}")
    if not whole or int(text) < at_least:
        raise UsageError(f"{variable} is {text!r}: it must be a whole number, {at_least} or more")
    return int(text)


def assign(shards: int, rank: int, world: int) -> list[ShardShare]:
    """The part of an index of `shards` shards that `rank` of `world` renders.

    Over all ranks disjoint and complete: shard i belongs to rank i mod world; with fewer
    shards than ranks, shard s is striped over the ranks r with r mod shards == s.
    """
    if shards >= world:
        return [ShardShare(shard, 0, 1) for shard in range(rank, shards, world)]
    if shards == 0:
        return []
    shard = rank % shards
    return [ShardShare(shard, rank // shards, len(range(shard, world, shards)))]
