"""Which failures are of one kind: the same code, and messages that differ in particulars only."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from worker.core import keys

_PARTICULARS: Final = re.compile(
    keys.UID_PATTERN.pattern + r"|[0-9a-f]{16,}|(?:[\w.:-]*/)+[^\s'\",;:)]*|\d+(?:\.\d+)?"
)
"""What differs between messages of one kind of failure: uids, digests, paths, URLs, numbers."""


@lru_cache(maxsize=4096)
def kind_of(code: str, message: str) -> tuple[str, str]:
    """Code and message of a failure, the particulars replaced."""
    return code, _PARTICULARS.sub("…", message)
