"""A text file: a path, a URL or an Objaverse 1.0 uid on each line."""

from __future__ import annotations

from pathlib import Path

from worker.index.listings import objaverse_ids
from worker.index.listings.base import Records, text_lines
from worker.index.record import ObjectRef


def from_text(text: str, where: str) -> ObjectRef:
    """The record that a lone path, URL or Objaverse uid stands for."""
    if objaverse_ids.UID.fullmatch(text):
        return objaverse_ids.from_uid(text, where)
    return ObjectRef(file_identifier=text)


def read(path: Path, name: str) -> Records:
    """One record a line; blank lines and those that begin with "#" are left out."""
    for number, line in text_lines(path, name):
        text = line.strip()
        if text and not text.startswith("#"):
            where = f"{name}:{number}"
            yield where, from_text(text, where)
