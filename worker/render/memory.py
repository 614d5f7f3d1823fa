"""The machine's memory: what a child may hold of it, and whom the kernel ended for want of it.

A limit set inside (RLIMIT_AS) would break CUDA, which reserves far more than it uses.
"""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
PROC = Path("/proc")
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
    for file in _cgroup_files("memory.events", "memory.oom_control"):
        try:
            lines = file.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, count = line.partition(" ")
            if name == "oom_kill" and count.isdigit():
                return int(count)
    return 0


def _cgroup_limits() -> list[int]:
    """Limits of this process's own cgroup and those above it, versions 1 and 2."""
    limits = []
    for path in _cgroup_files("memory.max", "memory.limit_in_bytes"):
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdigit():
            limits.append(int(text))
    return limits


def _cgroup_files(unified: str, legacy: str) -> list[Path]:
    """Where this process's cgroup and those above it, innermost first, may have these files.

    `unified` and `legacy` name the same thing in cgroups version 2 and version 1.
    """
    roots = {"0": (CGROUP, unified), "memory": (CGROUP / "memory", legacy)}
    files = []
    try:
        lines = (PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        number, controllers, path = line.split(":", 2)
        inner = Path(path.lstrip("/"))
        for key in {number, *controllers.split(",")} & roots.keys():
            root, name = roots[key]
            files += [root / p / name for p in [inner, *inner.parents]]
    return files + [root / name for root, name in roots.values()]
