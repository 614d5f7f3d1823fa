"""``file://`` URIs, which lists, sources and stores read alike."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

SCHEME: Final = "file://"


def path_of(uri: str) -> str:
    """The path that ``file:///path`` or ``file://localhost/path`` names on this machine.

    Raises: ValueError in a person's words, for another host's file and for what is no URI.
    """
    parts = urlsplit(uri)
    if parts.netloc not in {"", "localhost"}:
        raise ValueError(f"a file of another host ({parts.netloc}); of this one it is file:///path")
    if not parts.path:
        raise ValueError("no path in it; it is file:///path")
    return unquote(parts.path)
