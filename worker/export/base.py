"""The interface of an export kind, and the values that it exchanges with the pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

import msgspec

from worker.core.errors import Missing, ObjectError
from worker.export.zips import RenderZip
from worker.ledger import Bytes, LedgerLine


class Finished(LedgerLine, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of an object's ledger line that exports need."""

    file_identifier: str
    shard: str
    source: str | None = None
    license: str | None = None
    category: str | None = None
    sha256: str | None = None
    """Hex digest of the zip."""
    size: Bytes | None = None
    """Size of the zip in bytes."""
    views: int | None = None
    missing_textures: int | None = None
    coverage_min: float | None = None
    coverage_mean: float | None = None
    brightness_mean: float | None = None
    clipped_max: float | None = None
    black_max: float | None = None
    blank_views: int | None = None
    border_views: int | None = None
    phash: str | None = None


class Grouping(msgspec.Struct, frozen=True):
    """How objects are grouped into files: up to either limit, but at least one object each."""

    objects: int
    """Maximum number of objects in a group."""
    size: int
    """Maximum total size of a group's zips, in bytes."""
    numbered: bool = False
    """Order objects by the numbers in their file identifiers, instead of by shard and uid."""


class Unit(msgspec.Struct, frozen=True):
    """One object or a group of objects, whose files are published together or not at all."""

    name: str
    """The object's uid, or the group's number, such as "000000"."""
    objects: tuple[Finished, ...]


class Item(msgspec.Struct, frozen=True):
    """One object to convert; `zip` is None if it was not rendered or its zip cannot be used."""

    object: Finished
    zip: RenderZip | None
    problem: ObjectError | None = None
    """The reason that the zip cannot be used."""
    beside: RenderZip | None = None
    """The object's zip in a second output, of an export that takes two; see `paired_source`."""
    duplicate_group: str | None = None
    """The uid of the first of the objects of the data set that look like it, itself included; None
    if none does, or if the export does not ask for `duplicates`."""

    @property
    def rendered(self) -> RenderZip:
        """The zip of a rendered object. Raises: ValueError, if there is none."""
        if self.zip is None:
            raise ValueError(f"{self.object.uid} was not rendered")
        return self.zip

    @property
    def samples(self) -> RenderZip:
        """The zip of a range of scenes' samples. Raises: Missing, if there is none."""
        if self.zip is None:
            found = self.object
            why = f", {found.code}: {found.message}" if found.code else ""
            raise Missing(f"its samples were not rendered ({found.outcome}{why})")
        return self.zip


class NotAsWritten(ValueError):
    """A file does not read back as written; the message names the file and the difference."""


Part = TypeVar("Part")


class Export(Protocol[Part]):
    """One kind of data set. Instances hold only options; several threads call them."""

    grouping: Grouping | None
    """How objects are grouped into files; None if every object has its own files."""
    all_outcomes: ClassVar[bool]
    """Whether the data set also includes objects that were not rendered."""
    keeps_failed: ClassVar[bool]
    """Whether the data set includes objects that cannot be converted. If so, `convert` is called
    again for them with `problem` set and no zip. Requires a grouping."""
    duplicates: ClassVar[bool]
    """Whether items have their `duplicate_group`. Requires a grouping."""

    def convert(self, item: Item) -> Part:
        """Convert one object to its part of the data set. Raises: ObjectError."""
        ...

    def write(self, unit: str, parts: Iterable[Part], folder: Path) -> list[str]:
        """Write a unit's files below `folder` and return their relative paths, which are the keys.

        A group's objects are converted while `parts` is iterated over, so that memory holds one
        part. `parts` is empty if none of them can be converted.
        """
        ...

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Read back the `files` that `write` wrote for `count` objects. Raises: NotAsWritten."""
        ...
