"""Decodes list records from JSON, with error messages for users."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from worker.core.errors import IndexInvalid
from worker.core.json_errors import NOT_JSON, why
from worker.index.record import ObjectRef

FIELDS: Final = tuple(field.encode_name for field in msgspec.structs.fields(ObjectRef))
"""The fields of a record, as named in JSON, CSV headers and Parquet columns."""

_DECODER: Final = msgspec.json.Decoder(ObjectRef)
_WORDS: Final = (
    (re.compile(r"Object missing required field `(\w+)`.*"), r"field \1 missing"),
    (re.compile(r"Expected `object`, got `(\w+)`"), r"a record must be an object, not \1"),
    (re.compile(r"Expected `(.+?)`, got `(\w+)` - at `\$\.([\w.]+)`"), r"field \3: \2, not \1"),
    (re.compile(r"(?:Number|Integer value) out of range.*"), r"a number is too large"),
)
"""Patterns of msgspec's messages, and the messages that replace them."""


def record(raw: bytes | msgspec.Raw, where: str) -> ObjectRef:
    """Decode one record. Raises: IndexInvalid, with `where` (file and line) at its beginning."""
    try:
        return _DECODER.decode(raw)
    except NOT_JSON:
        # Lists written by pandas have null for missing values, which only `from_fields` accepts.
        return from_fields(anything(raw, where), where)


def anything(raw: bytes | msgspec.Raw, where: str) -> Any:
    """Decode any JSON value. Raises: IndexInvalid, whose message begins with `where`."""
    try:
        return msgspec.json.decode(raw)
    except NOT_JSON as error:
        raise IndexInvalid(f"{where}: {explained(error)}") from error


def from_fields(fields: Any, where: str) -> ObjectRef:
    """Convert a dictionary with JSON field names to a record; None means a missing field.

    Raises: IndexInvalid, whose message begins with `where`.
    """
    if isinstance(fields, dict):
        fields = {name: value for name, value in fields.items() if value is not None}
    try:
        return msgspec.convert(fields, ObjectRef)
    except NOT_JSON as error:
        raise IndexInvalid(f"{where}: {explained(error)}") from error


def explained(error: Exception) -> str:
    """A message for users that explains `error`, one of NOT_JSON."""
    for pattern, words in _WORDS:
        if found := pattern.fullmatch(str(error)):
            return found.expand(words)
    return why(error)
