"""Lists of Objaverse 1.0 uids: one per line, or a ``.json`` file that `json` reads."""

from __future__ import annotations

from pathlib import Path

from worker.index.listings import json
from worker.index.listings.base import Records, text_lines
from worker.index.listings.objaverse_ids import from_uid


def read(path: Path, name: str) -> Records:
    """The records of a list; blank lines and lines that begin with "#" are skipped."""
    if name.lower().removesuffix(".gz").endswith(".json"):
        yield from json.read(path, name)
        return
    for number, line in text_lines(path, name):
        text = line.strip()
        if text and not text.startswith("#"):
            where = f"{name}:{number}"
            yield where, from_uid(text, where)
