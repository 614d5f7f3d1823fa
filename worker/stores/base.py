"""What every store offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """One stored object, as a listing shows it."""

    key: str
    size: int


class Stat(msgspec.Struct, frozen=True):
    """What a store knows of one key. `sha256` is hex, or None where the store kept none."""

    size: int
    sha256: str | None


class Store(Protocol):
    """A flat map from key to immutable bytes. Keys are relative, '/'-separated.

    Every method raises StoreError when the store is unusable (unreachable, denied, full).
    """

    uri: str

    def check(self) -> None:
        """Prove that the store can be reached, listed and written; leaves nothing behind."""
        ...

    def create(self, key: str, body: bytes | Path) -> bool:
        """Store `body` under `key` unless the key exists; all of it becomes visible at once.

        True if this call's bytes now stand there, False if the key was there before.
        """
        ...

    def read(self, key: str) -> bytes | None:
        """The bytes under `key`, or None."""
        ...

    def stat(self, key: str) -> Stat | None:
        """Size and hash of `key`, or None."""
        ...

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every entry whose key starts with `prefix`, in key order."""
        ...
