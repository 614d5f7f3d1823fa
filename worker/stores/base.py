"""What every store offers, and the few rules that all stores keep to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from worker.core import keys
from worker.core.errors import StoreError


class Entry(msgspec.Struct, frozen=True):
    """One stored object, as a listing shows it."""

    key: str
    size: int


class Stat(msgspec.Struct, frozen=True):
    """What a store knows of one key. `sha256` is hex, or None where the store kept none."""

    size: int
    sha256: str | None


class TooLargeToRead(Exception):
    """What stands under a key is more than was to be read; `size` is its bytes."""

    def __init__(self, key: str, size: int) -> None:
        super().__init__(f"{key} has {size} bytes")
        self.size = size


class Store(Protocol):
    """A flat map from key to immutable bytes. Keys are relative, '/'-separated.

    Names as `keys.temporary` and `keys.probe` make them are the stores' own: no key may hold one,
    no listing shows one.
    Every method raises StoreError when the store is unusable (unreachable, denied, full).
    """

    uri: str

    @property
    def creates_once(self) -> bool:
        """Whether the store itself refuses a second write of a key; certain after `check`."""
        ...

    def check(self) -> None:
        """Prove that the store can be reached, listed and written; leaves no key behind."""
        ...

    def create(self, key: str, body: bytes | Path) -> bool:
        """Store `body` under `key` unless the key exists; all of it becomes visible at once.

        True if exactly these bytes now stand there, whoever wrote them (so that a write whose
        answer was lost, or that another worker did first, counts as done); False if other
        bytes were there before, which stay.
        """
        ...

    def read(self, key: str, most: int | None = None) -> bytes | None:
        """The bytes under `key`, or None.

        Raises: Larger, before anything is read, if there are more than `most`.
        """
        ...

    def stat(self, key: str) -> Stat | None:
        """Size and hash of `key`, or None."""
        ...

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every entry whose key starts with `prefix`, in key order."""
        ...


def check_key(key: str) -> None:
    """Refuse a key that could leave the store or meet its own names. Raises: StoreError."""
    parts = key.split("/")
    if not key.isprintable() or any(part in {"", ".", ".."} for part in parts) or is_hidden(key):
        raise StoreError(
            f"unsafe key {key!r}: a key is a relative path of printable names, none of them "
            "'.' or '..' or a store's own"
        )


def is_hidden(key: str) -> bool:
    """Whether any part of a key is a store's own name."""
    return any(keys.is_own(part) for part in key.split("/"))
