"""A JSON document: Objaverse-XL records (pandas' orient="records"), or an Objaverse 1.0 list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from worker.core.errors import IndexInvalid
from worker.core.json_errors import NOT_JSON, why
from worker.index import decode
from worker.index.listings import objaverse_ids
from worker.index.listings.base import Records, read_list

T = TypeVar("T")
_AT_BYTE: Final = re.compile(r" \(byte (\d+)\)$")
_CUT_OFF: Final = "Input data was truncated"
"""msgspec's message without a byte position; the error is at the end."""


def read(path: Path, name: str) -> Records:
    """Read an array of records or Objaverse 1.0 uids, or a map from uid to object path."""
    data = read_list(path, name).removeprefix(b"\xef\xbb\xbf")
    start = data.lstrip()[:1]
    if start == b"{":
        yield from _map(data, name)
        return
    items = _decoded(data, name, list[msgspec.Raw])
    line, end = 1, 0
    for item in items:
        raw = bytes(item)
        begin = data.find(raw, end)
        line += data.count(b"\n", end, begin)
        where = f"{name}:{line}"
        if raw.startswith(b'"'):
            yield where, objaverse_ids.from_uid(decode.anything(raw, where), where)
        else:
            yield where, decode.record(raw, where)
        # The lines of this record count for the next one's line number.
        line += raw.count(b"\n")
        end = begin + len(raw)


def _map(data: bytes, name: str) -> Records:
    try:
        paths = _decoded(data, name, dict[str, str])
    except IndexInvalid as error:
        if b'"fileIdentifier"' in data:
            raise IndexInvalid(
                f"{error}; a JSON list of records begins with '['; a file with one record per "
                "line must be named .jsonl"
            ) from error
        raise
    for number, (uid, object_path) in enumerate(paths.items(), 1):
        where = f"{name}: entry {number}"
        yield where, objaverse_ids.from_object_path(uid, object_path, where)


def _decoded(data: bytes, name: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise IndexInvalid(
            f"{name}: not a list of records, an Objaverse 1.0 list or an index: "
            f"{decode.explained(error)}"
        ) from error
    except NOT_JSON as error:
        reason = why(error)
        at = None
        if not data.strip():
            reason = "contains no objects: the file is empty"
        elif found := _AT_BYTE.search(reason):
            at = int(found[1])
            reason = reason[: found.start()]
        elif reason == _CUT_OFF:
            at = len(data.rstrip())
        if at is not None:
            newlines = data.count(b"\n", 0, at)
            name = f"{name}:{newlines + 1}"
        raise IndexInvalid(f"{name}: {reason}") from error
