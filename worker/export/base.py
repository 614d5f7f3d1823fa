"""What an export kind is, and the values that pass between it and the run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

import msgspec

from worker.core.errors import ObjectError
from worker.export.zips import RenderZip
from worker.ledger import LedgerLine


class Finished(LedgerLine, frozen=True, kw_only=True, omit_defaults=True):
    """An object of the output, as far as an export needs its ledger line."""

    file_identifier: str
    shard: str
    source: str | None = None
    license: str | None = None
    sha256: str | None = None
    """Hex digest of the zip."""
    size: int | None = None
    """Bytes of the zip."""
    views: int | None = None


class Grouping(msgspec.Struct, frozen=True):
    """How many objects go into one file of the data set: up to either limit, at least one."""

    objects: int
    size: int
    """Bytes of the objects' zips together."""
    numbered: bool = False
    """In the order of the numbers in their file identifiers, not shard by shard by uid."""


class Unit(msgspec.Struct, frozen=True):
    """What is written together, or not at all: one object, or a group of them."""

    name: str
    """The object's uid, or the group's number: "000000"."""
    objects: tuple[Finished, ...]


class Item(msgspec.Struct, frozen=True):
    """One object to be converted; `zip` is None where it was not rendered, or is wrong."""

    object: Finished
    zip: RenderZip | None
    problem: ObjectError | None = None
    """What is wrong with the zip."""

    @property
    def rendered(self) -> RenderZip:
        """The zip of an object that is known to be rendered."""
        if self.zip is None:
            raise ValueError(f"{self.object.uid} was not rendered")
        return self.zip


class NotAsWritten(ValueError):
    """A file does not read back as what was meant; the message says which and how."""


Part = TypeVar("Part")


class Export(Protocol[Part]):
    """One kind of data set. Holds its options only; called from several threads."""

    grouping: Grouping | None
    """None: every object has files of its own."""
    all_outcomes: ClassVar[bool]
    """Whether objects that were not rendered are of the data set too."""
    keeps_failed: ClassVar[bool]
    """Whether objects that cannot be converted are of it all the same: then `convert` takes them
    once more, with their `problem` in the place of their zip. Only where there is a grouping."""

    def convert(self, item: Item) -> Part:
        """One object's part of the data set. Raises: ObjectError, naming what is wrong."""
        ...

    def write(self, unit: str, parts: Iterable[Part], folder: Path) -> list[str]:
        """Write a unit's files below `folder`, and name them: relative paths, which are the keys.

        `parts` has at least one; of a group they are converted as they are taken, so that
        memory holds one.
        """
        ...

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Read back what `write` wrote of `count` objects. Raises: NotAsWritten."""
        ...
