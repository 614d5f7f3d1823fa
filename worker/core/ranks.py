"""The rank and world size of this worker, and the shards that it renders."""

from __future__ import annotations

from typing import Final

import msgspec

from worker.core.errors import UsageError
from worker.core.launcher_variables import MOST, Environment, number, number_if_set, text
from worker.core.launchers import LAUNCHERS, UNKNOWN, Launcher
from worker.core.placement import Placement

RANK: Final = "RENDER_WORKER_RANK"
WORLD_SIZE: Final = "RENDER_WORKER_WORLD_SIZE"
LOCAL_RANK: Final = "RENDER_WORKER_LOCAL_RANK"
LOCAL_SIZE: Final = "RENDER_WORKER_LOCAL_SIZE"


class Rank(msgspec.Struct, frozen=True):
    """One worker among `world`: 0 <= rank < world."""

    rank: int
    world: int


class ShardShare(msgspec.Struct, frozen=True):
    """A rank's part of a shard: the objects at positions k with k % stripes == stripe."""

    shard: int
    stripe: int
    stripes: int


class NodeRank(msgspec.Struct, frozen=True):
    """One of `size` workers on a node: 0 <= rank < size."""

    rank: int = 0
    size: int = 1
    sign: str = ""
    """The variable that the launcher sets in each of them and does not have itself; "" if none."""


class _Found(msgspec.Struct, frozen=True):
    """The launchers' common statement: `source` are its variables, `launcher` is the innermost."""

    placement: Placement
    launcher: Launcher
    source: str


def resolve(env: Environment, rank: int | None = None, world: int | None = None) -> Rank:
    """Determine rank and world size.

    Options (`rank`, `world`) come first, then RENDER_WORKER_RANK and RENDER_WORKER_WORLD_SIZE,
    then the launchers' variables.

    Raises: UsageError, with the variable or option that is wrong and what to do.
    """
    rank_from, rank = _given(env, "--rank", rank, RANK)
    world_from, world = _given(env, "--world-size", world, WORLD_SIZE)
    node_rank(env)  # its variables are refused here, before they are used
    if rank is None:
        return _launched(env, world_from, world)
    if world is None:
        raise UsageError(
            f"{rank_from} is {rank}, but the number of workers is unknown: "
            f"give --world-size (or {WORLD_SIZE}) too"
        )
    try:
        found = _find(env, world)
    except UsageError:  # told by hand what the launchers' variables do not tell
        found = None
    if found is not None and found.placement.trap is None:
        _agree(found, world_from, world)
    return _checked(Rank(rank, world), rank_from, world_from)


def node_rank(env: Environment) -> NodeRank:
    """This worker among those of its node, who share its GPUs, cores and memory.

    Raises: UsageError, if RENDER_WORKER_LOCAL_RANK or RENDER_WORKER_LOCAL_SIZE is wrong.
    """
    size = number_if_set(env, LOCAL_SIZE, 1)
    if size is not None:
        rank = number(env, LOCAL_RANK, 0)
        if rank >= size:
            raise UsageError(
                f"{LOCAL_RANK} is {rank}, but with {LOCAL_SIZE}={size} it goes from 0 to {size - 1}"
            )
        return NodeRank(rank, size, LOCAL_RANK)
    if text(env, LOCAL_RANK) is not None:
        raise UsageError(f"{LOCAL_RANK} is set, but {LOCAL_SIZE} is not: set both")
    for launcher in LAUNCHERS:
        try:
            told = _read(launcher, env)
        except UsageError:
            continue
        if told is None or told.local_rank is None or told.local_size is None:
            continue
        if told.local_rank < told.local_size:
            return NodeRank(told.local_rank, told.local_size, launcher.signs[-1])
    return NodeRank()


def launcher_name(env: Environment) -> str:
    """The names of the launchers that started this worker, for messages; "" if none did."""
    return ", ".join(
        launcher.name for launcher in LAUNCHERS if any(text(env, sign) for sign in launcher.signs)
    )


def _read(launcher: Launcher, env: Environment) -> Placement | None:
    return launcher.read(env) if any(text(env, sign) for sign in launcher.signs) else None


def _launched(env: Environment, world_from: str, world: int | None) -> Rank:
    """The launchers' rank; `world` is the world size of an option or variable, if any."""
    found = _find(env, world)
    if found is None:
        if world not in (None, 1):
            raise _unknown_rank(world_from, world)
        return _checked(Rank(0, 1 if world is None else world), "no launcher", world_from)
    placement = found.placement
    if placement.trap is not None or placement.rank is None:
        raise UsageError(
            f"{placement.trap}; or give each worker its own --rank and --world-size "
            f"(or {RANK} and {WORLD_SIZE})"
        )
    if world is None and placement.world is None:
        raise UsageError(
            f"{found.source} is {placement.rank}, but {found.launcher.name} does not tell the "
            f"number of workers: set {WORLD_SIZE} to {found.launcher.world}"
        )
    if world is not None and placement.world == 1 and world != 1:
        raise _unknown_rank(world_from, world)
    if world is not None:
        _agree(found, world_from, world)
    if placement.world is None:
        rank = Rank(placement.rank, world or 0)
        hint = (
            f"; number the tasks from 0, {WORLD_SIZE} of them"
            if placement.rank == rank.world
            else ""
        )
        return _checked(rank, found.source, world_from, hint)
    return _checked(Rank(placement.rank, placement.world), found.source, world_from)


def _unknown_rank(world_from: str, world: int | None) -> UsageError:
    return UsageError(
        f"{world_from} is {world}, but the rank of this worker is unknown: "
        f"give --rank (or {RANK}) too"
    )


def _find(env: Environment, world: int | None) -> _Found | None:
    """What all launchers together state, `world` being the world size that is given, if any.

    None: there is no sign of a launcher. Raises: UsageError, if they contradict each other.
    """
    stated = [
        _Found(placement, launcher, launcher.source)
        for launcher in LAUNCHERS
        if (placement := _read(launcher, env)) is not None
    ]
    inner = _innermost([one for one in stated if one.launcher.kind in ("process", "node")])
    outer = _same([one for one in stated if one.launcher.kind in ("container", "array")])
    _refuse_unknown(env, inner)
    if inner is None or outer is None:
        return inner or outer
    for one in (inner, outer):
        if one.placement.trap is not None:
            return one
    if outer.launcher.kind == "container" and inner.placement.spans_nodes:
        return inner  # as torchrun across the pods of a Job
    return _multiplied(inner, outer, world)


def _innermost(stated: list[_Found]) -> _Found | None:
    """The innermost of launchers that start each other, such as mpirun in a Slurm job.

    Raises: UsageError, if one inside another counts this node's processes only.
    """
    told = [one for one in stated if one.placement.trap is None]
    if not told:
        return stated[0] if stated else None
    inner = told[0]
    for other in told[1:]:
        if _agrees(inner, other):
            inner = _merged(inner, other)
        elif not (inner.placement.spans_nodes or other.placement.world == 1):
            raise _contradiction(inner, other)
    return inner


def _same(stated: list[_Found]) -> _Found | None:
    """The one statement of launchers of which each starts jobs. Raises: UsageError."""
    if not stated:
        return None
    first = next((one for one in stated if one.placement.trap is not None), stated[0])
    for other in stated:
        if other is not first and not _agrees(first, other):
            raise _contradiction(first, other)
    return first


def _agrees(one: _Found, other: _Found) -> bool:
    a, b = one.placement, other.placement
    return a.rank == b.rank and (None in (a.world, b.world) or a.world == b.world)


def _merged(inner: _Found, other: _Found) -> _Found:
    """The innermost's numbers, and the other's where it tells none."""
    a, b = inner.placement, other.placement
    numbers = {
        name: getattr(b, name)
        for name in ("world", "local_rank", "local_size")
        if getattr(a, name) is None
    }
    return _Found(msgspec.structs.replace(a, **numbers), inner.launcher, inner.source)


def _contradiction(one: _Found, other: _Found) -> UsageError:
    def told(found: _Found) -> str:
        of = "" if found.placement.world is None else f" of {found.placement.world}"
        return f"{found.launcher.name} says rank {found.placement.rank}{of} ({found.source})"

    return UsageError(
        f"{told(one)}, but {told(other)}: set {RANK} and {WORLD_SIZE} to those of this worker "
        "among all, or unset the variables of the launcher that did not start it"
    )


def _refuse_unknown(env: Environment, inner: _Found | None) -> None:
    """Raises: UsageError, if there is a sign of a launcher whose rank is not known."""
    for unknown in UNKNOWN:
        if not all(text(env, sign) for sign in unknown.signs):
            continue
        told = number_if_set(env, unknown.rank) if unknown.rank else None
        if inner is None or told is None or told != inner.placement.rank:
            raise UsageError(
                f"{unknown.signs[0]} is {env[unknown.signs[0]][:40]!r}, a sign of {unknown.name}, "
                f"from which this worker cannot tell its rank: set {RANK} and {WORLD_SIZE}"
            )


def _multiplied(inner: _Found, outer: _Found, world: int | None) -> _Found:
    """Each of the outer launcher's jobs starts as many workers as the inner launcher says."""
    ranks, size = inner.placement.rank, inner.placement.world
    jobs, tasks = outer.placement.world, outer.placement.rank
    if size is None or ranks is None or tasks is None:
        raise UsageError(
            f"{inner.launcher.name} does not tell how many workers it starts in each task of "
            f"{outer.launcher.name}: set {RANK} and {WORLD_SIZE}"
        )
    if jobs is None and world is not None:
        jobs, left = divmod(world, size)
        if left:
            raise UsageError(
                f"{WORLD_SIZE} is {world}, but {inner.launcher.name} starts {size} workers in each "
                f"task of {outer.launcher.name}: set it to {size} times {outer.launcher.world}"
            )
    placement = msgspec.structs.replace(
        inner.placement, rank=tasks * size + ranks, world=None if jobs is None else jobs * size
    )
    if size == 1:
        return _Found(placement, outer.launcher, outer.source)
    return _Found(placement, outer.launcher, f"{outer.source} times {inner.source}")


def _agree(found: _Found, world_from: str, world: int) -> None:
    # A launcher's world size of 1 is not compared: users start many single-task jobs by hand.
    if found.placement.world not in (None, 1, world):
        raise UsageError(
            f"{world_from} is {world}, but {found.launcher.name} runs {found.placement.world} "
            f"workers ({found.source}): leave {world_from} out, or make them equal"
        )


def _checked(rank: Rank, rank_from: str, world_from: str, hint: str = "") -> Rank:
    if rank.world < 1:
        raise UsageError(f"{world_from} is {rank.world}: it must be at least 1")
    if rank.world > MOST:
        raise UsageError(f"{world_from} is {rank.world}: it must be at most {MOST}")
    if not 0 <= rank.rank < rank.world:
        raise UsageError(
            f"{rank_from} is {rank.rank}, but with a world size of {rank.world} "
            f"ranks go from 0 to {rank.world - 1}{hint}"
        )
    return rank


def _given(env: Environment, flag: str, value: int | None, variable: str) -> tuple[str, int | None]:
    """A number and its origin: `value` of `flag`, else the variable's, else None."""
    if value is not None:
        return flag, value
    return variable, number_if_set(env, variable)


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
