"""sha256 of bytes and files, in hex."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256_of(body: bytes | Path) -> str:
    """Hex digest of bytes or of a file's bytes. Raises: OSError."""
    if isinstance(body, bytes):
        return hashlib.sha256(body).hexdigest()
    with body.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
