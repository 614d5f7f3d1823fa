"""Files about the views: a recipe's `records` name them. One file each; add it to the table.

The zip's metadata.json is not among them: every zip has it.
"""

from __future__ import annotations

from typing import Final

from worker.pack.records import cameras, npy
from worker.pack.records.base import Record

RECORDS: Final[dict[str, Record]] = {
    "cameras": cameras.write,
    "npy-3x4": npy.write,
}

__all__ = ["RECORDS", "Record"]
