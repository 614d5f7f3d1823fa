"""What msgspec raises for bytes that are no JSON, or not of the wanted form."""

from __future__ import annotations

from typing import Final

import msgspec

NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""msgspec's ValidationError is among them; the others it does not make its own."""


def why(error: Exception) -> str:
    """Why bytes are no JSON, for a person: `error` is one of NOT_JSON."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text: {error.reason}"
    return "nested too deep" if isinstance(error, RecursionError) else str(error)
