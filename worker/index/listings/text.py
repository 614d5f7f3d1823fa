"""Text: one path, URL or Objaverse 1.0 uid per line."""

from __future__ import annotations

from pathlib import Path

from worker.index.listings import objaverse_ids
from worker.index.listings.base import Records, text_lines
from worker.index.record import ObjectRef


def from_text(text: str, where: str) -> ObjectRef:
    """The record for a path, a URL or an Objaverse 1.0 uid."""
    if objaverse_ids.UID.fullmatch(text):
        return objaverse_ids.from_uid(text, where)
    return ObjectRef(file_identifier=text)


def read(path: Path, name: str) -> Records:
    """One record per line; blank lines and lines that begin with "#" are skipped."""
    for number, line in text_lines(path, name):
        text = line.strip()
        if text and not text.startswith("#"):
            where = f"{name}:{number}"
            yield where, from_text(text, where)
