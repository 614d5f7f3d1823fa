"""The interface of a store, and the rules that all stores follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import msgspec

from worker.core import keys
from worker.core.errors import StoreError


class Entry(msgspec.Struct, frozen=True):
    """One key of a listing, with its size in bytes."""

    key: str
    size: int


class Stat(msgspec.Struct, frozen=True):
    """Size in bytes and hex sha256 of one key's body; `sha256` is None if the store has none."""

    size: int
    sha256: str | None


class TooLargeToRead(Exception):
    """The body of a key is larger than the limit of `Store.read`; `size` is its size in bytes."""

    def __init__(self, key: str, size: int) -> None:
        super().__init__(f"{key} has {size} bytes")
        self.size = size


class Store(Protocol):
    """A flat map from keys to immutable bytes. Keys are relative paths separated by '/'.

    The names that `keys.temporary` and `keys.probe` build are reserved: no key may contain one,
    and no listing shows one. Every method raises StoreError if the store is unusable
    (unreachable, denied or full).
    """

    uri: str

    remote: bool
    """Whether a request takes so long that several are best made at the same time."""

    @property
    def creates_once(self) -> bool:
        """Whether the store itself refuses a second write of a key; reliable after `check`."""
        ...

    def check(self) -> None:
        """Check that the store can be reached, listed and written. Leaves no key behind."""
        ...

    def create(self, key: str, body: bytes | Path) -> bool:
        """Store `body` under `key` unless the key exists. The body becomes visible atomically.

        Returns True if the key now has exactly these bytes, even if they were already there:
        after a lost response, or when another worker was first. Returns False if the key has
        other bytes; they are kept.
        """
        ...

    def replace(self, key: str, body: bytes, media_type: str) -> None:
        """Store `body` under `key`, in place of what is there; visible atomically.

        For what can be lost or made again: the files of a gallery, the list of a data set's
        objects, the note of what a worker has begun. Never for what a ledger or a manifest records.
        """
        ...

    def read(self, key: str, most: int | None = None) -> bytes | None:
        """The body of `key`, or None if the key does not exist.

        Raises: TooLargeToRead, before the body is read, if it has more than `most` bytes.
        """
        ...

    def as_file(self, key: str, folder: Path, most: int) -> AbstractContextManager[Path | None]:
        """A file with the body of `key` while the context lasts, or None if there is no such key.

        The body is never in memory as a whole. `folder` is for a copy if one is needed.

        Raises: TooLargeToRead, before the body is read, if it has more than `most` bytes; NodeError
        if `folder` is full.
        """
        ...

    def stat(self, key: str) -> Stat | None:
        """Size and sha256 of the body of `key`, or None if the key does not exist."""
        ...

    def list(self, prefix: str = "", *, after: str = "", before: str = "") -> Iterator[Entry]:
        """Every entry whose key starts with `prefix`, in key order.

        after, before: only keys that sort after the one and before the other; "" for no bound.
        """
        ...


def check_key(key: str) -> None:
    """Refuse a key that escapes the store or has a reserved name. Raises: StoreError."""
    parts = key.split("/")
    if not key.isprintable() or any(part in {"", ".", ".."} for part in parts) or is_hidden(key):
        raise StoreError(
            f"unsafe key {key!r}: a key must be a relative path of printable names, without '.', "
            "'..' and reserved names"
        )


def is_hidden(key: str) -> bool:
    """Whether any part of a key is a reserved name."""
    return any(keys.is_own(part) for part in key.split("/"))
