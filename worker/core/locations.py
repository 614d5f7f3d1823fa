"""Locations as users write them: a local path, or a complete URI.

A URI that lacks a slash is also a valid path; a job would write to a folder named "s3:".
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from worker.core.errors import UsageError

_SCHEME: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<slashes>/*)(?P<rest>.*)", re.DOTALL
)
_SLASHES: Final = {"s3": 2, "http": 2, "https": 2, "file": 3}
"""Number of slashes after the colon, for the schemes that are recognised with fewer, too."""

_AUTHORITY: Final = 2
"""Number of slashes before a host or bucket."""
_NAMED: Final = {"s3": "bucket", "http": "host", "https": "host"}
"""What must follow the slashes."""


def scheme_of(text: str, allowed: Collection[str]) -> str:
    """The scheme of the location `text`, one of `allowed`; "" if it is a local path.

    A path may contain colons ("a:b"); one that begins like a URI must be written with "./".

    Raises: UsageError for any other scheme, and for a misspelt URI; the message corrects it.
    """
    found = _SCHEME.fullmatch(text)
    if found is None:
        return ""
    said, slashes, rest = found.group("scheme", "slashes", "rest")
    scheme = said.lower()
    if scheme not in _SLASHES and len(slashes) < _AUTHORITY:
        return ""
    if scheme not in allowed:
        known = ", ".join(("a path", *(f"{name}://" for name in allowed)))
        raise UsageError(f"{_shown(text)!r}: {scheme}:// is not possible here; use {known}")
    # file://HOST/ has two slashes as well; `file_uri` says that it must be this host.
    if said != scheme or len(slashes) not in {_AUTHORITY, _SLASHES[scheme]}:
        relative = scheme == "file" and not slashes
        meant = rest if relative else f"{scheme}:{'/' * _SLASHES[scheme]}{rest}"
        raise UsageError(
            f"{_shown(text)!r} is neither a URI nor a path: did you mean {_shown(meant)!r}? "
            f"(a local path of that name is './{_shown(text)}')"
        )
    if not rest.strip("/") and scheme in _NAMED:
        raise UsageError(f"{_shown(text)!r} names no {_NAMED[scheme]}")
    return scheme


def local_path(text: str) -> Path:
    """The local path `text`. Raises: UsageError for a URI."""
    scheme_of(text, ())
    return Path(text)


def _shown(text: str) -> str:
    """`text` for messages, without the query, which may contain a signature."""
    return text.partition("?")[0]
