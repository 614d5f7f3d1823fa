"""sha256 of bytes and files, in hex."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO


def sha256_of(body: bytes | Path | BinaryIO) -> str:
    """Hex digest of bytes, or of the bytes of a file, by its path or opened. Raises: OSError."""
    if isinstance(body, bytes):
        return hashlib.sha256(body).hexdigest()
    if not isinstance(body, Path):
        return hashlib.file_digest(body, "sha256").hexdigest()  # type: ignore[arg-type]
    with body.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
