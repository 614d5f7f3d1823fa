"""The CPU cores that this process may use.

Blender counts the cores of the machine. In a container with a CPU quota it would start too many
threads, and the kernel would throttle all of them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from worker.core import cgroup, node_share


def usable() -> int:
    """The number of cores: the smallest of CPU affinity, cgroup quotas and RENDER_WORKER_CPUS.

    Cores that several ranks of a node have in common are divided between them.
    """
    return node_share.of_cores(_quotas(), os.environ)


def threads() -> int:
    """How many threads a child starts; 0 lets Blender decide, if no core is off limits."""
    cores = usable()
    return 0 if cores == os.cpu_count() else cores


def own() -> tuple[int, ...]:
    """The numbers of the `usable` cores if they are this worker's alone, else ().

    A quota, or RENDER_WORKER_CPUS, says how many of the cores that it sees a worker may use, not
    which: two containers that both chose the first would share it, and leave others idle.
    """
    mine = node_share.own_cores(os.environ)
    return mine if len(mine) <= usable() else ()


def still(cores: Sequence[int]) -> tuple[int, ...]:
    """Those of `cores` that this process may still use: a scheduler can take some away."""
    return tuple(sorted(set(cores) & os.sched_getaffinity(0)))


def _quotas() -> list[int]:
    """The CPU quota of each cgroup of this process, rounded up to whole cores."""
    quotas = [text.split() for text in cgroup.texts("cpu", "cpu.max", "cpu.cfs_quota_us")]
    periods = [text.split()[-1:] for text in cgroup.texts("cpu", "cpu.max", "cpu.cfs_period_us")]
    return [
        max(1, math.ceil(int(quota[0]) / int(period[0])))
        for quota, period in zip(quotas, periods, strict=False)
        if quota and quota[0].isdigit() and period and int(period[0])
    ]
