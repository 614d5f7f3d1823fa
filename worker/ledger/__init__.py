"""The ledger: one JSON line per object and attempt, in immutable parts.

    ledger/<shard>/<writer>-<number>.jsonl
    ledger/<shard>/<writer>-<first>-to-<last>.jsonl   the lines of several, which it supersedes

Each worker writes only its own parts, so any number of workers can share a shard. If a worker is
killed before it writes a part, the objects in it get another attempt; nothing else is lost. What
was in progress then is in its note (`begun`), which is no part of the ledger.
"""

from __future__ import annotations

from worker.ledger.begun import BegunNotes, BegunObject, Marks, read_marks
from worker.ledger.listing import Listing, listing, parts_of
from worker.ledger.lost import lost
from worker.ledger.outcome import (
    ALL,
    LOST,
    Author,
    Kind,
    LedgerLine,
    Outcome,
    Seconds,
    StatusLine,
    codes_to_retry,
    settled,
)
from worker.ledger.overlaps import OverlapWatch
from worker.ledger.reader import fold, folded, read_ledger, read_parts, read_shards
from worker.ledger.writer import LedgerWriter

__all__ = [
    "ALL",
    "LOST",
    "Author",
    "BegunNotes",
    "BegunObject",
    "Kind",
    "LedgerLine",
    "LedgerWriter",
    "Listing",
    "Marks",
    "Outcome",
    "OverlapWatch",
    "Seconds",
    "StatusLine",
    "codes_to_retry",
    "fold",
    "folded",
    "listing",
    "lost",
    "parts_of",
    "read_ledger",
    "read_marks",
    "read_parts",
    "read_shards",
    "settled",
]  # fmt: skip
