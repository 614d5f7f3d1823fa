"""The exceptions that msgspec raises for invalid JSON, and for JSON of another type."""

from __future__ import annotations

from typing import Final

import msgspec

NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""DecodeError includes ValidationError; the other two msgspec passes through as they are."""


def why(error: Exception) -> str:
    """A message for users that explains `error`, one of NOT_JSON."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text: {error.reason}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
