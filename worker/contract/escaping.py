"""Escaping of names in any encoding, as text that every reader accepts."""

from __future__ import annotations

import re

_STRAY = re.compile("[\ud800-\udfff]")
"""Surrogates, which UTF-8 cannot encode."""
_BYTES = range(0xDC80, 0xDD00)
"""Surrogates that stand for a byte of a name in another encoding: 0xDC00 plus the byte."""


def escaped(text: str, backslash: str = "\\") -> str:
    r"""`text` with surrogates escaped: a byte as \xe9, half a UTF-16 pair as \ud800.

    Different names stay different. `backslash`: how the target format writes a backslash.
    """

    def escaped(stray: re.Match[str]) -> str:
        code = ord(stray[0])
        return backslash + (f"x{code - 0xDC00:02x}" if code in _BYTES else f"u{code:04x}")

    return _STRAY.sub(escaped, text)
