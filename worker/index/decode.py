"""JSON to records, with errors in a person's words."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from worker.core.errors import IndexInvalid
from worker.core.json_errors import NOT_JSON, why
from worker.index.record import ObjectRef

FIELDS: Final = tuple(field.encode_name for field in msgspec.structs.fields(ObjectRef))
"""A record's fields as JSON, CSV headers and parquet columns name them."""

_DECODER: Final = msgspec.json.Decoder(ObjectRef)
_WORDS: Final = (
    (re.compile(r"Object missing required field `(\w+)`.*"), r"field \1 missing"),
    (re.compile(r"Expected `object`, got `(\w+)`"), r"a record is an object, not \1"),
    (re.compile(r"Expected `(.+?)`, got `(\w+)` - at `\$\.([\w.]+)`"), r"field \3: \2, not \1"),
)
"""msgspec's messages and ours."""


def record(raw: bytes | msgspec.Raw, where: str) -> ObjectRef:
    """One record from its JSON. Raises: IndexInvalid, beginning with `where` (file and line)."""
    try:
        return _DECODER.decode(raw)
    except NOT_JSON:
        # Again, with patience: lists written by pandas have null where there is nothing.
        return from_fields(anything(raw, where), where)


def anything(raw: bytes | msgspec.Raw, where: str) -> Any:
    """What a piece of JSON says. Raises: IndexInvalid, beginning with `where`."""
    try:
        return msgspec.json.decode(raw)
    except NOT_JSON as error:
        raise IndexInvalid(f"{where}: {why(error)}") from error


def from_fields(fields: Any, where: str) -> ObjectRef:
    """One record from its fields under their names in JSON; None is a field left out.

    Raises: IndexInvalid, beginning with `where`.
    """
    if isinstance(fields, dict):
        fields = {name: value for name, value in fields.items() if value is not None}
    try:
        return msgspec.convert(fields, ObjectRef)
    except msgspec.ValidationError as error:
        raise IndexInvalid(f"{where}: {explained(error)}") from error


def explained(error: Exception) -> str:
    """A decoder's message in our words: `error` is one of NOT_JSON."""
    for pattern, words in _WORDS:
        if found := pattern.fullmatch(str(error)):
            return found.expand(words)
    return why(error)
