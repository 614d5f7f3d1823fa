"""What a child's process group uses, as seen from outside."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the name, which may hold anything but ends in ')'.
GROUP, USER_TICKS, SYSTEM_TICKS = 2, 11, 12


class Usage(msgspec.Struct, frozen=True):
    """Memory and time of a group of processes; zero when there are none."""

    resident: int = 0
    """Bytes. Shared pages count once per process, so a group is overrated, never underrated."""
    cpu_s: float = 0.0
    """Processor time so far, of all threads of the processes that live."""


def of_group(group: int) -> Usage:
    """What the processes of process group `group` use now."""
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
            continue  # gone meanwhile
    return Usage(resident, ticks * TICK_S)
