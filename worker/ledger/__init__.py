"""The ledger: one JSON line per object and attempt, in immutable parts.

    ledger/<shard>/<writer>-<number>.jsonl
    ledger/<shard>/<writer>-<first>-to-<last>.jsonl   the lines of several, which it supersedes

Each worker writes only its own parts, so any number of workers can share a shard. If a worker is
killed before it writes a part, the objects in it get another attempt; nothing else is lost. What
was in progress then is in its note (`begun`), which is no part of the ledger. Neither are the
summaries of parts (`summaries`), which save `status` the reading of lines.
"""

from __future__ import annotations

from worker.ledger.begun import BegunNotes, BegunObject, Marks, read_marks
from worker.ledger.failure_kinds import kind_of
from worker.ledger.listing import Listing, listing, parts_of
from worker.ledger.lost import lost
from worker.ledger.outcome import (
    ALL,
    LOST,
    Author,
    Bytes,
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
from worker.ledger.summaries import read_summaries
from worker.ledger.summary import (
    Extreme,
    FailureKind,
    Minute,
    ShardSummary,
    hashes_in,
    joined,
    sizes_in,
)
from worker.ledger.writer import LedgerWriter

__all__ = [
    "ALL",
    "LOST",
    "Author",
    "BegunNotes",
    "BegunObject",
    "Bytes",
    "Extreme",
    "FailureKind",
    "Kind",
    "LedgerLine",
    "LedgerWriter",
    "Listing",
    "Marks",
    "Minute",
    "Outcome",
    "OverlapWatch",
    "Seconds",
    "ShardSummary",
    "StatusLine",
    "codes_to_retry",
    "fold",
    "folded",
    "hashes_in",
    "joined",
    "kind_of",
    "listing",
    "lost",
    "parts_of",
    "read_ledger",
    "read_marks",
    "read_parts",
    "read_shards",
    "read_summaries",
    "settled",
    "sizes_in",
]  # fmt: skip
