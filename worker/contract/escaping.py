"""Names in any encoding, in letters that every reader takes."""

from __future__ import annotations

import re

_STRAY = re.compile("[\ud800-\udfff]")
"""What UTF-8 cannot hold."""
_BYTES = range(0xDC80, 0xDD00)
"""Those that stand for a byte of a name in another encoding: 0xDC00 more than it."""


def legible(text: str, backslash: str = "\\") -> str:
    r"""`text` with what is no Unicode spelled out: a byte as \xe9, half a UTF-16 pair as \ud800.

    Different names stay different. `backslash` is how one is written where the text will stand.
    """

    def spelled(stray: re.Match[str]) -> str:
        code = ord(stray[0])
        return backslash + (f"x{code - 0xDC00:02x}" if code in _BYTES else f"u{code:04x}")

    return _STRAY.sub(spelled, text)
