"""JSON Lines: one record per line, as in a shard."""

from __future__ import annotations

from pathlib import Path

from worker.index import decode
from worker.index.listings.base import Records, byte_lines


def read(path: Path, name: str) -> Records:
    """The records of the list at `path`; blank lines are skipped."""
    for number, line in byte_lines(path, name):
        if not line.isspace():
            where = f"{name}:{number}"
            yield where, decode.record(line, where)
