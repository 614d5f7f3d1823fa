"""Removes from texts what a site must not show: credentials, signatures, paths of this machine."""

from __future__ import annotations

import re
from typing import Any, Final

_URL: Final = re.compile(r"(?P<scheme>\b[A-Za-z][A-Za-z0-9+.-]*://)(?P<rest>[^\s'\"<>]*)")
_LOCAL: Final = "file://"
_QUOTED: Final = re.compile(r"(?P<quote>['\"])(?:~|/[^'\"/]*)/[^'\"]*(?P=quote)")
_PATH: Final = re.compile(r"(?<![\w.:/~%+-])~?/(?:[^\s'\"/:;,()<>]+/)+[^\s'\"/:;,()<>]*")
KEPT: Final = "…/"


def plain(text: str) -> str:
    """`text` with URLs that have no user, password, query or fragment, and paths without folders.

    >>> plain("cannot open /home/a/models/b.glb")
    'cannot open …/b.glb'
    >>> plain("https://u:p@host/a.glb?X-Amz-Signature=1")
    'https://host/a.glb'
    """
    text = _QUOTED.sub(
        lambda found: f"{found['quote']}{_last(found[0][1:-1])}{found['quote']}", text
    )
    text = _PATH.sub(lambda found: _last(found[0]), text)
    return _URL.sub(_url, text)


def everywhere(value: Any) -> Any:
    """JSON values with each text `plain`, those of keys too."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(str(key)): everywhere(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [everywhere(item) for item in value]
    return value


def _last(path: str) -> str:
    return KEPT + path.rstrip("/").rpartition("/")[2]


def _url(found: re.Match[str]) -> str:
    scheme, rest = found.group("scheme", "rest")
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    if scheme.lower() == _LOCAL:
        return _last(rest)
    host, slash, path = rest.partition("/")
    return f"{scheme}{host.rpartition('@')[2]}{slash}{path}"
