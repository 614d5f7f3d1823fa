"""JSON files as Objaverse-XL writes them: indent 2, sorted keys."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def json_file(document: Any) -> bytes:
    """The bytes of `document` as a JSON file. Raises: ValueError, for a NaN or infinity."""
    # The same bytes as Python's own indent, sooner; but msgspec refuses half a surrogate pair.
    line = json.dumps(document, sort_keys=True, allow_nan=False)
    try:
        return msgspec.json.format(line.encode(), indent=2) + b"\n"
    except msgspec.DecodeError:
        return json.dumps(document, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"
