"""This worker's part of its node: of GPUs, CPU cores and memory that several ranks share.

The launcher tells how many ranks a node has. Whether it has bound each rank to cores of its own is
seen from the process that started them: if that one may use more cores than the rank, it has.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from worker.core import cgroup
from worker.core.launcher_variables import number_if_set
from worker.core.ranks import NodeRank, node_rank

CPUS: Final = "RENDER_WORKER_CPUS"
"""The cores that this worker may use at most, such as a pod's CPU request; 0: no limit."""

T = TypeVar("T")


def of_gpus(gpus: Sequence[T], environment: Mapping[str, str]) -> list[T]:
    """This rank's share of GPUs that all ranks of the node see.

    With more ranks than GPUs, several ranks share a GPU.
    """
    node = node_rank(environment)
    bound = "SLURM_GPUS_PER_TASK" in environment  # each task sees only its own GPUs
    if bound or node.size <= 1 or len(gpus) <= 1:
        return list(gpus)
    return list(gpus[node.rank :: node.size]) or [gpus[node.rank % len(gpus)]]


def of_cores(quotas: Sequence[int], environment: Mapping[str, str]) -> int:
    """The cores that this rank may use, at least 1. `quotas`: of its cgroups, in cores."""
    node = node_rank(environment)
    own = len(os.sched_getaffinity(0))
    limits = [
        own,
        *(_part(quota, node) for quota in quotas),
        number_if_set(environment, CPUS) or own,
        number_if_set(environment, "SLURM_CPUS_PER_TASK") or own,
    ]
    if node.size > 1:
        limits.append(_part(max(own, _launcher_cores(node.sign)), node))
    return min(limits)


def own_cores(environment: Mapping[str, str]) -> tuple[int, ...]:
    """The numbers of the cores that this process may use, less those of the node's other ranks."""
    node = node_rank(environment)
    seen = sorted(os.sched_getaffinity(0))
    if node.size <= 1 or _launcher_cores(node.sign) > len(seen):
        return tuple(seen)  # alone, or bound by the launcher
    sizes = [_part(len(seen), NodeRank(rank, node.size, node.sign)) for rank in range(node.rank)]
    first = sum(sizes) % len(seen)  # more ranks than cores share them
    return tuple(seen[first : first + _part(len(seen), node)])


def of_memory(total: int, environment: Mapping[str, str]) -> int:
    """This rank's part of `total` bytes."""
    return total // node_rank(environment).size


def _part(cores: int, node: NodeRank) -> int:
    """A rank's cores; if they cannot be divided evenly, the first ranks have one more."""
    return max(1, (cores + node.size - 1 - node.rank) // node.size)


def _launcher_cores(sign: str) -> int:
    """The cores of the process that started this node's ranks, which lacks the variable `sign`.

    0, if it cannot be seen.
    """
    process = os.getpid()
    wanted = f"{sign}=".encode()
    try:
        while process > 1:
            # The name, in brackets, may hold anything; the state and the parent follow it.
            stat = (cgroup.PROC / str(process) / "stat").read_text()
            process = int(stat.rpartition(")")[2].split()[1])
            try:
                variables = (cgroup.PROC / str(process) / "environ").read_bytes().split(b"\0")
            except PermissionError:  # another user's: a scheduler's daemon
                variables = []
            if not any(variable.startswith(wanted) for variable in variables):
                return len(os.sched_getaffinity(process))
    except (OSError, ValueError, IndexError):
        pass
    return 0
