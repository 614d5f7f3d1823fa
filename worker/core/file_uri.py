"""``file://`` URIs, as lists, sources and stores all read them."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

SCHEME: Final = "file://"


def path_of(uri: str) -> str:
    """The path of ``file:///path`` or ``file://localhost/path``, with percent escapes decoded.

    Raises: ValueError, with a message for users, if the URI names another host or has no path.
    """
    parts = urlsplit(uri)
    if parts.netloc not in {"", "localhost"}:
        raise ValueError(f"names a file of another host ({parts.netloc}); use file:///path")
    if not parts.path:
        raise ValueError("has no path; use file:///path")
    return unquote(parts.path)
