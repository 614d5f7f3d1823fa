"""Objaverse 1.0: lists of uids (32 hex digits), and the map from uid to object path.

The identity is Objaverse-XL's for the same objects: the model's page on Sketchfab.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from worker.errors import IndexInvalid
from worker.index.listings.base import Records, text_lines
from worker.index.record import ObjectRef

UID: Final = re.compile(r"[0-9a-f]{32}")
PAGE: Final = "https://sketchfab.com/3d-models/"


def from_uid(uid: str, where: str) -> ObjectRef:
    """The record of a uid. Raises: IndexInvalid."""
    if not UID.fullmatch(uid):
        raise IndexInvalid(f"{where}: {uid[:80]!r} is not an Objaverse 1.0 uid (32 hex digits)")
    return ObjectRef(file_identifier=PAGE + uid, source="sketchfab", file_type="glb")


def from_object_path(uid: str, object_path: str, where: str) -> ObjectRef:
    """The record of a uid whose object lies at `object_path` in the published data set."""
    ref = from_uid(uid, where)
    return ObjectRef(
        file_identifier=ref.file_identifier,
        source=ref.source,
        file_type=ref.file_type,
        metadata={"objectPath": object_path},
    )


def read(path: Path, name: str) -> Records:
    """Uids, one a line; JSON lists and maps are known by their content (see `json`)."""
    from worker.index.listings import json

    if name.lower().removesuffix(".gz").endswith(".json"):
        yield from json.read(path, name)
        return
    for number, line in text_lines(path, name):
        text = line.strip()
        if text and not text.startswith("#"):
            where = f"{name}:{number}"
            yield where, from_uid(text, where)
