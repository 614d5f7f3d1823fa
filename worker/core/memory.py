"""The machine's memory: the limit of each child, and the count of the kernel's out-of-memory kills.

The supervisor measures children instead of setting RLIMIT_AS, which would break CUDA: CUDA
reserves far more address space than it uses.
"""

from __future__ import annotations

import os

from worker.core import cgroup, node_share
from worker.core.sha256 import sha256_of

PAGE = os.sysconf("SC_PAGE_SIZE")
SHARE = 0.8
"""The fraction of the memory that all children of a node together may use."""


def default_limit(children: int) -> int:
    """The default memory limit of each of `children` processes, in bytes."""
    return int(SHARE * own() / max(children, 1))


def own() -> int:
    """Bytes of memory that this rank may use: its part, if its node has several ranks."""
    return node_share.of_memory(total(), os.environ)


def total() -> int:
    """Bytes of memory that this process may use: the machine's, or a smaller cgroup limit."""
    machine = PAGE * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_cgroup_limits()])


def kernel_kills() -> int:
    """How many processes of this process's cgroup the kernel has killed for lack of memory."""
    # Only the innermost group that has a counter: its parents count other programs' processes.
    for text in cgroup.texts("memory", "memory.events", "memory.oom_control"):
        for line in text.splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill" and count.isdigit():
                return int(count)
    return 0


def group() -> str:
    """A name of this process's cgroup on this boot of the machine, which tells nothing of either.

    Counts of `kernel_kills` can be compared if it is the same.
    """
    read = []
    for path in (cgroup.PROC / "sys/kernel/random/boot_id", cgroup.PROC / "self/cgroup"):
        try:
            read.append(path.read_bytes())
        except OSError:
            return ""
    return sha256_of(b"".join(read))[:16]


def _cgroup_limits() -> list[int]:
    """Memory limits of this process's cgroup and its parents, in bytes."""
    limits = cgroup.texts("memory", "memory.max", "memory.limit_in_bytes")
    return [int(limit) for limit in limits if limit.isdigit()]
