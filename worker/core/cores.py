"""The processor cores this process may use.

Blender counts the machine's, and in a container with a part of them it would start so many
threads that the kernel stops all of them for most of the time.
"""

from __future__ import annotations

import math
import os

from worker.core import cgroup


def usable() -> int:
    """Cores of this process: the machine's, an affinity's or a cgroup's quota, the least."""
    return min([len(os.sched_getaffinity(0)), *_quotas()])


def threads() -> int:
    """Threads for a child to start; 0 (as many as it sees cores) where all are this process's."""
    cores = usable()
    return 0 if cores == os.cpu_count() else cores


def _quotas() -> list[int]:
    """Cores that the quotas of this process's cgroups come to, each at least one."""
    quotas = [text.split() for text in cgroup.texts("cpu", "cpu.max", "cpu.cfs_quota_us")]
    periods = [text.split()[-1:] for text in cgroup.texts("cpu", "cpu.max", "cpu.cfs_period_us")]
    return [
        max(1, math.ceil(int(quota[0]) / int(period[0])))
        for quota, period in zip(quotas, periods, strict=False)
        if quota and quota[0].isdigit() and period and int(period[0])
    ]
