"""View records: files that describe the views, by the name that a recipe's `records` lists.

``metadata.json`` is not among them, since every zip has it.
"""

from __future__ import annotations

from typing import Final

from worker.pack.records import cameras, gpt4point, npy, nsvf, transforms, zeronvs
from worker.pack.records.base import Record, Taken

VIEW_RECORDS: Final[dict[str, Record]] = {
    record.name: record
    for record in (
        cameras.RECORD,
        npy.RECORD,
        gpt4point.RECORD,
        *transforms.TRANSFORMS_RECORDS,
        nsvf.RECORD,
        zeronvs.RECORD,
    )
}

__all__ = ["VIEW_RECORDS", "Record", "Taken"]
