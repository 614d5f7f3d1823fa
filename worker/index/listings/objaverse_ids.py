"""Records of Objaverse 1.0: from a uid (32 hex digits), or a uid and its object path.

Their identifier is the model's page on Sketchfab, as Objaverse-XL has it for the same objects.
"""

from __future__ import annotations

import re
from typing import Final

from worker.core.errors import IndexInvalid
from worker.index.record import ObjectRef

UID: Final = re.compile(r"[0-9a-f]{32}")
PAGE: Final = "https://sketchfab.com/3d-models/"


def from_uid(uid: str, where: str) -> ObjectRef:
    """The record of a uid. Raises: IndexInvalid."""
    if not UID.fullmatch(uid):
        raise IndexInvalid(f"{where}: {uid[:80]!r} is not an Objaverse 1.0 uid (32 hex digits)")
    return ObjectRef(file_identifier=PAGE + uid, source="sketchfab", file_type="glb")


def from_object_path(uid: str, object_path: str, where: str) -> ObjectRef:
    """The record of a uid whose file is at `object_path` in the data set. Raises: IndexInvalid."""
    ref = from_uid(uid, where)
    return ObjectRef(
        file_identifier=ref.file_identifier,
        source=ref.source,
        file_type=ref.file_type,
        metadata={"objectPath": object_path},
    )
