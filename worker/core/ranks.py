"""The rank and world size of this worker, and the shards that it renders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from worker.core.errors import UsageError

RANK: Final = "RENDER_WORKER_RANK"
WORLD_SIZE: Final = "RENDER_WORKER_WORLD_SIZE"
MOST: Final = 0xFFFFFFFF
"""The largest number accepted; schedulers use 32 bits."""
SPECIAL_STEPS: Final = 0xFFFFFFF0
"""Slurm numbers its batch, extern and interactive steps from here; srun's steps are lower."""


class Rank(msgspec.Struct, frozen=True):
    """One worker among `world`: 0 <= rank < world."""

    rank: int
    world: int


class ShardShare(msgspec.Struct, frozen=True):
    """A rank's part of a shard: the objects at positions k with k % stripes == stripe."""

    shard: int
    stripe: int
    stripes: int


class LauncherRank(msgspec.Struct, frozen=True):
    """What a scheduler's variables state; None if they do not.

    `trap` is set if no rank can be derived from them, and says why.
    """

    rank: int | None = None
    world: int | None = None
    trap: str | None = None


class Scheduler(msgspec.Struct, frozen=True):
    """A row of SCHEDULERS: `read` is called if any of the variables `signs` is set."""

    name: str
    signs: tuple[str, ...]
    source: str
    read: Callable[[Mapping[str, str]], LauncherRank]


def _kubernetes(env: Mapping[str, str]) -> LauncherRank:
    # Kubernetes does not tell a pod how many completions its Job has; the manifest sets WORLD_SIZE.
    return LauncherRank(rank=_number(env, "JOB_COMPLETION_INDEX"))


def _slurm(env: Mapping[str, str]) -> LauncherRank:
    tasks = _number(env, "SLURM_NTASKS", 1, at_least=1)
    # Without a job id, this is a container that was given srun's variables only.
    in_job = _text(env, "SLURM_JOB_ID") is not None
    step = _number(env, "SLURM_STEP_ID", SPECIAL_STEPS if in_job else 0)
    if step >= SPECIAL_STEPS:
        # A batch script also has PROCID 0 of NTASKS; it would render only the first task's share.
        if tasks > 1:
            return LauncherRank(
                trap=f"Slurm gave this job SLURM_NTASKS={tasks} tasks, but the worker was not "
                "started by srun, so the shares of the other tasks would not be rendered: "
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
            trap=f"the Slurm array ({count} tasks from {first} to {last}) has uneven gaps, so no "
            f"rank can be derived from SLURM_ARRAY_TASK_ID={task}: use --array=0-{count - 1}"
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
"""In this order; the first with a variable set is used."""

NO_SCHEDULER: Final = Scheduler("none", (), "no scheduler", _alone)


def resolve(env: Mapping[str, str], rank: int | None = None, world: int | None = None) -> Rank:
    """Determine rank and world size.

    Options (`rank`, `world`) come first, then RENDER_WORKER_RANK and RENDER_WORKER_WORLD_SIZE,
    then the scheduler's variables.

    Raises: UsageError, with the variable or option that is wrong and what to do.
    """
    rank_from, rank = _given(env, "--rank", rank, RANK)
    world_from, world = _given(env, "--world-size", world, WORLD_SIZE)
    scheduler = next((s for s in SCHEDULERS if any(_text(env, v) for v in s.signs)), NO_SCHEDULER)
    launcher = scheduler.read(env)
    if rank is None:
        return _scheduled(scheduler, launcher, world_from, world)
    if world is None:
        raise UsageError(
            f"{rank_from} is {rank}, but the number of workers is unknown: "
            f"give --world-size (or {WORLD_SIZE}) too"
        )
    _agree(scheduler, launcher, world_from, world)
    return _checked(Rank(rank, world), rank_from, world_from)


def _scheduled(
    scheduler: Scheduler, launcher: LauncherRank, world_from: str, world: int | None
) -> Rank:
    """The scheduler's rank; `world` is the world size of an option or variable, if any."""
    if launcher.trap is not None or launcher.rank is None:
        raise UsageError(
            f"{launcher.trap}; or give each worker its own --rank and --world-size "
            f"(or {RANK} and {WORLD_SIZE})"
        )
    if world is None and launcher.world is None:
        raise UsageError(
            f"{scheduler.source} is {launcher.rank}, but Kubernetes does not tell a pod the number "
            f"of completions: set {WORLD_SIZE} in the manifest to the Job's spec.completions"
        )
    if world is not None and launcher.world == 1 and world != 1:
        raise UsageError(
            f"{world_from} is {world}, but the rank of this worker is unknown: "
            f"give --rank (or {RANK}) too"
        )
    if world is not None:
        _agree(scheduler, launcher, world_from, world)
    return _checked(Rank(launcher.rank, launcher.world or world or 0), scheduler.source, world_from)


def _agree(scheduler: Scheduler, launcher: LauncherRank, world_from: str, world: int) -> None:
    # A scheduler's world size of 1 is not compared: users start many single-task jobs by hand.
    if launcher.world not in (None, 1, world):
        raise UsageError(
            f"{world_from} is {world}, but {scheduler.name} runs {launcher.world} workers "
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


def _given(
    env: Mapping[str, str], flag: str, value: int | None, variable: str
) -> tuple[str, int | None]:
    """A number and its origin: `value` of `flag`, else the variable's, else None."""
    if value is not None:
        return flag, value
    return variable, (_number(env, variable) if _text(env, variable) is not None else None)


def _text(env: Mapping[str, str], variable: str) -> str | None:
    """A variable's text; None if it is unset or blank, as Kubernetes manifests may leave it."""
    return env.get(variable, "").strip() or None


def _number(
    env: Mapping[str, str], variable: str, default: int | None = None, at_least: int = 0
) -> int:
    text = _text(env, variable)
    if text is None:
        if default is None:
            raise UsageError(f"{variable} is not set, but its scheduler should set it")
        return default
    is_whole = text.isascii() and text.isdigit()
    if is_whole and (len(text) > len(str(MOST)) or int(text) > MOST):
        raise UsageError(f"{variable} is {text[:40]}: it must be at most {MOST}")
    if not is_whole or int(text) < at_least:
        raise UsageError(f"{variable} is {text!r}: it must be a whole number, {at_least} or more")
    return int(text)


def assign(shards: int, rank: int, world: int) -> list[ShardShare]:
    """The shares of an index of `shards` shards that `rank` of `world` renders.

    Each object belongs to exactly one rank. Shard i belongs to rank i mod world. With fewer
    shards than ranks, shard s is striped over the ranks r with r mod shards == s.
    """
    if shards >= world:
        return [ShardShare(shard, 0, 1) for shard in range(rank, shards, world)]
    if shards == 0:
        return []
    shard = rank % shards
    return [ShardShare(shard, rank // shards, len(range(shard, world, shards)))]
