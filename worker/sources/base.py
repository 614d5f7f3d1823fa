"""The interface of every source, and the objects that it returns."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from worker.index.record import ObjectRef


class KeptObject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `fetch` has kept of one object, or why it could not; a part of a ledger line."""

    key: str = ""
    """Key of the archive that has its files; "" if it is local and used in place."""
    archive: str = ""
    """Hex sha256 of that archive."""
    model: str = ""
    """The model file in it, as `FetchedObject.model`."""
    sha256: str = ""
    """Hex sha256 of the model file."""
    size: int = 0
    """Size of the model file in bytes."""
    code: str | None = None
    """Why there is nothing: a key of `errors.OBJECT_ERRORS`."""
    message: str = ""


class FetchedObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object on local disk, its hash verified.

    `model` is a POSIX path relative to `root`; the object may use files below `root`
    and no others.
    """

    ref: ObjectRef
    root: Path
    model: str
    sha256: str
    size: int
    kept_as: str | None = None
    """The key under which `root` is kept if many objects share it; see `worker.sources.keeper`."""
    links: frozenset[str] = frozenset()
    """Of a repository: its symbolic links, which are plain files below `root`."""
    kept: tuple[str, str] = ("", "")
    """Key and hex sha256 of the archive that a `Keeper` of `exact` ones has made of `root`."""
    members: tuple[FetchedObject | Lost, ...] = ()
    """Of a range of scenes: its objects in the order of `ref.scenes`; then `model` is empty."""

    @property
    def path(self) -> Path:
        """The model file."""
        return self.root / self.model


class Lost(msgspec.Struct, frozen=True):
    """A member of a range that cannot be fetched, for a permanent reason."""

    code: str
    message: str


class FetchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on fetching one object."""

    max_bytes: int = 1 << 30
    timeout_s: float = 600.0
    attempts: int = 4
    root_depth: int = 0
    """Folders above a local model's own whose files it may use, where its record has no root."""


class Source(Protocol):
    """Fetches the objects of one kind of location."""

    name: str

    def claims(self, ref: ObjectRef) -> bool:
        """Whether this source can fetch `ref`. No I/O."""
        ...

    def fetch(self, ref: ObjectRef, into: Path) -> FetchedObject:
        """Fetch `ref` into the empty folder `into` (or leave it in place, read-only).

        Raises: Missing, Download, TooLarge. (The Fetcher hashes, and raises Modified.)
        """
        ...
