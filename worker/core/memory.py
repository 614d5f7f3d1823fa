"""The machine's memory: what a child may hold of it, and whom the kernel ended for want of it.

A limit set inside (RLIMIT_AS) would break CUDA, which reserves far more than it uses.
"""

from __future__ import annotations

import os

from worker.core import cgroup

PAGE = os.sysconf("SC_PAGE_SIZE")
SHARE = 0.8
"""Of the machine's or the cgroup's memory, what all children together may hold."""


def default_limit(children: int) -> int:
    """Bytes that one of `children` may hold on this machine or in this cgroup."""
    return int(SHARE * total() / max(children, 1))


def total() -> int:
    """Bytes of memory this process may use: the least of the machine's and its cgroups'."""
    machine = PAGE * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_cgroup_limits()])


def kernel_kills() -> int:
    """Processes of this process's cgroup that the kernel has killed for memory so far."""
    # The innermost that counts: those above it count strangers' processes too.
    for text in cgroup.texts("memory", "memory.events", "memory.oom_control"):
        for line in text.splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill" and count.isdigit():
                return int(count)
    return 0


def _cgroup_limits() -> list[int]:
    """Limits of this process's own cgroup and those above it."""
    limits = cgroup.texts("memory", "memory.max", "memory.limit_in_bytes")
    return [int(limit) for limit in limits if limit.isdigit()]
