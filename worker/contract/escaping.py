"""Escaping of names in any encoding, as text that every reader and terminal accepts."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Callable

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


def printable(text: str) -> str:
    r"""`text` with what a terminal obeys instead of showing escaped: \x1b, \u202e, \u2028.

    That is all control, format and separating characters but spaces, and what is no character.
    """
    return _shown(escaped(text), lambda char: char.encode("unicode_escape").decode())


def printable_json(text: str) -> str:
    r"""A JSON document of one line, whose strings say the same with \u202e for such characters."""
    return _shown(text, lambda char: json.dumps(char)[1:-1])


def _shown(text: str, instead: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or unicodedata.category(char) == "Zs" else instead(char)
        for char in text
    )
