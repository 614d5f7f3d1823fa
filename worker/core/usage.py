"""Memory and CPU time of a process group, read from /proc."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the process name, which may contain anything but ends with ')'.
GROUP, USER_TICKS, SYSTEM_TICKS = 2, 11, 12


class Usage(msgspec.Struct, frozen=True):
    """Memory and CPU time of a process group; zero if it has no processes."""

    resident: int = 0
    """Resident bytes. Shared pages count once per process, so this is an upper bound."""
    cpu_s: float = 0.0
    """CPU seconds used so far by the running processes, in all threads."""


def of_group(group: int) -> Usage:
    """The current usage of process group `group`."""
    resident, ticks = 0, 0
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[GROUP]) == group:
                resident += int((entry / "statm").read_text().split()[1]) * PAGE
                ticks += int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])
        except (OSError, ValueError, IndexError):
            continue  # ended since
    return Usage(resident, ticks * TICK_S)
