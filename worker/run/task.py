"""The task of taking one object to its outcome."""

from __future__ import annotations

import msgspec

from worker.index.record import ObjectRef
from worker.ledger import Marks


class Task(msgspec.Struct, frozen=True):
    """One object to take to its outcome; `attempt` counts from 1 over all runs."""

    shard: str
    ref: ObjectRef
    attempt: int
    listed: bool = True
    """Whether the index names it; otherwise it is a discovery."""
    marks: Marks | None = None
    """Of a suspect: one that was in progress when a worker was killed."""
