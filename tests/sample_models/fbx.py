"""Steady FBX files: the same bytes for the same scene."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from typing import Any


def steady() -> None:
    """Keep the clock and Python's random hashes out of the FBX exporter's files."""
    from io_scene_fbx import export_fbx_bin, fbx_utils  # type: ignore[import-not-found]

    header = export_fbx_bin.fbx_header_elements
    if not isinstance(header, functools.partial):
        moment = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017 - Python 3.10
        export_fbx_bin.fbx_header_elements = functools.partial(header, time=moment)

    def key_to_uuid(taken: Any, key: Any) -> Any:
        number = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:4], "big")
        while number in taken:
            number += 1
        return fbx_utils.UUID(number)

    fbx_utils._key_to_uuid = key_to_uuid  # noqa: SLF001 - the exporter has no other way
    fbx_utils._keys_to_uuids.clear()  # noqa: SLF001
    fbx_utils._uuids_to_keys.clear()  # noqa: SLF001
