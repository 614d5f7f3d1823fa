"""Memory and CPU time of a process group, read from /proc."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import Counter

import msgspec

PROC = "/proc"
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the process name, which may contain anything but ends with ')'.
GROUP, USER_TICKS, SYSTEM_TICKS = 2, 11, 12
MOST = 4096
"""More bytes than /proc/PID/stat has: some 50 numbers."""
KERNEL = 0
"""The group of the kernel's threads, and of processes whose group is outside this container."""


class Usage(msgspec.Struct, frozen=True):
    """Memory and CPU time of a process group; zero if it has no processes."""

    resident: int = 0
    """Resident bytes. Shared pages count once per process, so this is an upper bound."""
    cpu_s: float = 0.0
    """CPU seconds used so far by the running processes, in all threads."""


def of_group(group: int) -> Usage:
    """The current usage of process group `group`."""
    return _read(group).get(group, Usage())


class Groups:
    """The usage of process groups for many threads that look often, read once for all of them.

    Each reading takes about 15 microseconds for each process of the machine.
    """

    def __init__(self, every_s: float) -> None:
        """`every_s`: what is this old is read again."""
        self._every_s = every_s
        self._lock = threading.Lock()
        self._began = self._ended = -math.inf
        self._usages: dict[int, Usage] = {}

    def of(self, group: int, since: float = -math.inf) -> Usage:
        """The usage of process group `group`, read after `since` (`time.monotonic`)."""
        with self._lock:
            now = time.monotonic()
            if self._began <= since or now - self._ended >= self._every_s:
                self._usages = _read()
                self._began, self._ended = now, time.monotonic()
            return self._usages.get(group, Usage())


def _read(only: int = KERNEL) -> dict[int, Usage]:
    """The usage of all process groups, or of one of them."""
    resident: Counter[int] = Counter()
    ticks: Counter[int] = Counter()
    for name in os.listdir(PROC):  # noqa: PTH208 - paths take longer than the reading
        if not name.isdigit():
            continue
        try:
            fields = _bytes(name, "stat").rpartition(b")")[2].split()
            group = int(fields[GROUP])
            if group != KERNEL and only in {KERNEL, group}:
                # The number in stat is less exact.
                resident[group] += int(_bytes(name, "statm").split()[1]) * PAGE
                ticks[group] += int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])
        except (OSError, ValueError, IndexError):
            continue  # ended since
    return {group: Usage(resident[group], ticks[group] * TICK_S) for group in resident}


def _bytes(process: str, name: str) -> bytes:
    """A short file in /proc. Three system calls: a file object would take three times as long."""
    file = os.open(f"{PROC}/{process}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, MOST)
    finally:
        os.close(file)
