"""Memory and CPU time of a process group, read from /proc."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

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


class _Group(msgspec.Struct, frozen=True):
    """What the processes of a group use, and their names in /proc."""

    usage: Usage
    names: tuple[str, ...]


_NONE: Final = _Group(Usage(), ())


def of_group(group: int) -> Usage:
    """The current usage of process group `group`."""
    return _read(_all(), group).get(group, _NONE).usage


class Groups:
    """The usage of process groups for many threads that look often, read once for all of them.

    A reading takes about 15 microseconds a process. So all processes of the machine are read less
    often than those of the groups that are asked for; until then one that joins does not count.
    """

    def __init__(self, every_s: float, listed_every_s: float) -> None:
        """`every_s`: what is this old is read again; `listed_every_s`: so are all processes."""
        self._every_s = every_s
        self._listed_every_s = listed_every_s
        self._lock = threading.Lock()
        self._listed = self._ended = -math.inf
        self._groups: dict[int, _Group] = {}
        """Those asked for; without processes, if there are none."""

    def of(self, group: int, since: float = -math.inf) -> Usage:
        """The usage of process group `group`, read after `since` from all its processes of then.

        since: on the clock of `time.monotonic`.
        """
        with self._lock:
            now = time.monotonic()
            new = self._listed <= since or group not in self._groups
            if new or now - self._listed >= self._listed_every_s:
                found = _read(_all())
                alive = {each: found[each] for each in self._groups if each in found}
                self._groups = {**alive, group: found.get(group, _NONE)}
                self._listed, self._ended = now, time.monotonic()
            elif now - self._ended >= self._every_s:
                found = _read(name for each in self._groups.values() for name in each.names)
                self._groups = {each: found.get(each, _NONE) for each in self._groups}
                self._ended = time.monotonic()
            return self._groups[group].usage


def _all() -> Iterator[str]:
    """The names of all processes in /proc."""
    return filter(str.isdigit, os.listdir(PROC))  # noqa: PTH208 - paths take longer than the reading


def _read(names: Iterable[str], only: int = KERNEL) -> dict[int, _Group]:
    """The groups of the processes `names`, or one of them."""
    resident: Counter[int] = Counter()
    ticks: Counter[int] = Counter()
    members: dict[int, list[str]] = {}
    for name in names:
        try:
            fields = _bytes(name, "stat").rpartition(b")")[2].split()
            group = int(fields[GROUP])
            if group != KERNEL and only in {KERNEL, group}:
                # The number in stat is less exact.
                resident[group] += int(_bytes(name, "statm").split()[1]) * PAGE
                ticks[group] += int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])
                members.setdefault(group, []).append(name)
        except (OSError, ValueError, IndexError):
            continue  # ended since
    return {
        group: _Group(Usage(resident[group], ticks[group] * TICK_S), tuple(processes))
        for group, processes in members.items()
    }


def _bytes(process: str, name: str) -> bytes:
    """A short file in /proc. Three system calls: a file object would take three times as long."""
    file = os.open(f"{PROC}/{process}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, MOST)
    finally:
        os.close(file)
