"""Outcomes: one line of JSON per object and attempt, in immutable parts, folded when read.

    ledger/<shard>/<writer>-<number>.jsonl

A worker writes parts of its own only, so any number of them share a shard. A part that was
never written (a worker killed) costs its objects another attempt and nothing else.
"""

from __future__ import annotations

from worker.ledger.lost import lost
from worker.ledger.outcome import (
    ALL,
    LOST,
    Author,
    Kind,
    LedgerLine,
    Outcome,
    codes_to_retry,
    settled,
)
from worker.ledger.reader import fold, read_ledger, read_parts
from worker.ledger.writer import LedgerWriter

__all__ = [
    "ALL",
    "LOST",
    "Author",
    "Kind",
    "LedgerLine",
    "LedgerWriter",
    "Outcome",
    "codes_to_retry",
    "fold",
    "lost",
    "read_ledger",
    "read_parts",
    "settled",
]  # fmt: skip
