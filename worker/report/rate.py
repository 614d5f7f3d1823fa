"""How many attempts end in an hour, from when each of them ended and how long it took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from worker.ledger import StatusLine

PAUSE: Final = timedelta(minutes=15)
"""After a longer gap in the ledger, no worker is assumed to have been running."""
WINDOW: Final = timedelta(hours=1)
"""The rate is that of the time since the last pause, but at most of about this long."""
LEAST_H: Final = 0.1 / 3600
"""Attempts that took less time together have no rate."""


class _Minute:
    """The attempts that ended in one minute."""

    __slots__ = ("ended", "first", "first_s", "last")

    def __init__(self, time: str) -> None:
        self.first = self.last = time
        """When the first and the last of them ended, RFC 3339."""
        self.first_s = 0.0
        """Seconds that the first one took."""
        self.ended = 0


class Rate:
    """Counts attempts by minute, in any order."""

    def __init__(self) -> None:
        self._minutes: dict[str, _Minute] = {}

    def add_lines(self, lines: Iterable[StatusLine]) -> None:
        """`add` the attempts of `lines`, which takes less time."""
        minutes = self._minutes
        for line in lines:
            time = line.time
            minute = minutes.get(time[:16])
            if minute is None or time < minute.first:
                self.add(time, line.seconds.worked)
                continue
            minute.last = max(minute.last, time)
            minute.ended += 1

    def add(self, time: str, seconds: float) -> None:
        """Count an attempt that ended at `time`, RFC 3339 in UTC, and took `seconds`."""
        name = time[:16]
        minute = self._minutes.get(name)
        if minute is None:
            self._minutes[name] = minute = _Minute(time)
            minute.first_s = seconds
        elif time < minute.first:
            minute.first, minute.first_s = time, seconds
        elif time > minute.last:
            minute.last = time
        minute.ended += 1

    @property
    def last(self) -> str | None:
        """When the last attempt ended, RFC 3339."""
        return max((minute.last for minute in self._minutes.values()), default=None)

    def per_hour(self) -> float | None:
        """Attempts per hour, from the beginning of the first in the window to the end of the last.

        None if there are none, or if they took no time.
        """
        latest = sorted(self._minutes.values(), key=lambda minute: minute.first, reverse=True)
        if not latest:
            return None
        end = start = later = datetime.fromisoformat(latest[0].last)
        ended = 0
        for minute in latest:
            first, last = map(datetime.fromisoformat, (minute.first, minute.last))
            if later - last > PAUSE or end - first >= WINDOW:
                break
            later = first
            start = min(start, first - timedelta(seconds=minute.first_s))
            ended += minute.ended
        took = (end - start) / timedelta(hours=1)
        return ended / took if took >= LEAST_H else None
