"""How often a Blender process had to be replaced, by reason."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final

REASONS: Final = {
    "crash": "it died",
    "memory": "it exceeded its memory limit, or the kernel killed it for lack of memory",
    "timeout": "it exceeded a time limit",
    "failed": "it has a scene in which an object that failed may have left anything",
    "protocol": "it answered for another object",
    "fence": "it may not read what its object needs, and a fence cannot be widened",
    "canary": "it did not render the test cube after a death",
    "start": "it did not start",
    "recycled": "it had rendered `--recycle-after` objects",
    "grown": "it kept more than half of its memory limit between objects",
}
"""All reasons; the first three are failure codes too."""


class Restarts:
    """Counts replacements. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, reason: str) -> None:
        """Count a replacement for one of REASONS."""
        assert reason in REASONS, reason  # noqa: S101 - the pool's own words
        with self._lock:
            self._counts[reason] += 1

    def counts(self) -> dict[str, int]:
        """The number of replacements by reason, with all REASONS."""
        with self._lock:
            return {reason: self._counts[reason] for reason in REASONS}
