"""How many attempts end in an hour, from when each of them ended and how long it took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from worker.ledger import Minute, joined

PAUSE: Final = timedelta(minutes=15)
"""After a longer gap in the ledger, no worker is assumed to have been running."""
WINDOW: Final = timedelta(hours=1)
"""The rate is that of the time since the last pause, but at most of about this long."""
LEAST_H: Final = 0.1 / 3600
"""Attempts that took less time together have no rate."""


class Rate:
    """Counts attempts by minute, in any order."""

    def __init__(self) -> None:
        self._minutes: dict[str, Minute] = {}

    def add(self, minutes: Iterable[Minute]) -> None:
        """Count the attempts of these minutes."""
        for found in minutes:
            name = found.first[:16]
            before = self._minutes.get(name)
            self._minutes[name] = found if before is None else joined(before, found)

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
