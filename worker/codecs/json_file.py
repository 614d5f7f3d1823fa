"""JSON files as Objaverse-XL writes them: indent 2, sorted keys."""

from __future__ import annotations

import json
from typing import Any


def json_file(document: Any) -> bytes:
    """The bytes of `document` as a JSON file. Raises: ValueError, for a NaN or infinity."""
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"
