"""The CPU cores that this process may use.

Blender counts the cores of the machine. In a container with a CPU quota it would start too many
threads, and the kernel would throttle all of them.
"""

from __future__ import annotations

import math
import os

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


def _quotas() -> list[int]:
    """The CPU quota of each cgroup of this process, rounded up to whole cores."""
    quotas = [text.split() for text in cgroup.texts("cpu", "cpu.max", "cpu.cfs_quota_us")]
    periods = [text.split()[-1:] for text in cgroup.texts("cpu", "cpu.max", "cpu.cfs_period_us")]
    return [
        max(1, math.ceil(int(quota[0]) / int(period[0])))
        for quota, period in zip(quotas, periods, strict=False)
        if quota and quota[0].isdigit() and period and int(period[0])
    ]
