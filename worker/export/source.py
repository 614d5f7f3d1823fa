"""The input of an export: the objects of an output, in a fixed order."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from functools import cached_property

from worker import __version__
from worker.contract import recipe as recipes
from worker.contract.recipe import Recipe
from worker.contract.schema import RecipeError
from worker.core import keys
from worker.core.errors import (
    ConfigurationError,
    Missing,
    Modified,
    OutputMismatch,
    RenderFailed,
    one_line,
)
from worker.core.ranks import Rank, assign
from worker.export.base import Finished, Grouping, Item, Unit
from worker.export.opened_zip import AGAIN, LARGEST, RESTORED
from worker.export.where import Condition
from worker.export.zips import RenderZip
from worker.index.selection import Selection
from worker.ledger import fold, read_parts
from worker.manifests import OutputManifest
from worker.pack import duplicates
from worker.stores.base import Store, TooLargeToRead


class Source:
    """The objects in the ledger of an output that `only` selects and that meet `where`."""

    def __init__(
        self,
        store: Store,
        *,
        only: Selection = Selection(),  # noqa: B008 - frozen
        where: Condition | None = None,
    ) -> None:
        self.store = store
        self._only = only
        self._where = where

    def check(self) -> None:
        """Check that the store holds an output of a known version. Raises: ConfigurationError."""
        _ = self.recipe

    @cached_property
    def manifest(self) -> OutputManifest:
        """The output's manifest. Raises: ConfigurationError, if there is none."""
        found = OutputManifest.read(self.store)
        if found is None:
            raise ConfigurationError(
                f"{self.store.uri}: no {keys.JOB}, so this is not an output of 'render-worker run'"
            )
        return found

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that rendered the objects. Raises: ConfigurationError."""
        try:
            return recipes.from_dict(self.manifest.recipe)
        except RecipeError as error:
            raise OutputMismatch(
                f"{self.store.uri}: the recipe in {keys.JOB} is from another version of this "
                f"program ({self.manifest.worker}, not {__version__}): {error}"
            ) from error

    def shards(self) -> list[str]:
        """The shards that have a ledger, sorted by name. Raises: StoreError."""
        return sorted({keys.shard_of_part(entry.key) for entry in self.store.list(keys.LEDGER)})

    def objects(self, shard: str, *, every: bool) -> list[Finished]:
        """The selected objects of a shard: the rendered ones, or `every` one, sorted by uid.

        Raises: StoreError.
        """
        return [
            each
            for each in self._objects(shard, every=every)
            if self._only.matches(each) and (self._where is None or self._where.holds(each))
        ]

    def check_selection(self, *, every: bool, found: bool) -> None:
        """Check that each name of `only` is that of an object, and that some object meets `where`.

        A name counts whether or not its object meets `where`. found: whether it is known that some
        object is selected.

        Raises: ConfigurationError, StoreError.
        """
        what = "object" if every else "rendered object"
        shards = self.shards() if self._only or not found else ()
        objects = (each for shard in shards for each in self._objects(shard, every=every))
        self._only.check(objects, f"{what} of {self.store.uri}")
        if self._where is None or found:
            return
        asked = [
            each
            for shard in shards
            for each in self._objects(shard, every=every)
            if self._only.matches(each)
        ]
        if not any(map(self._where.holds, asked)):
            count = f"{len(asked):,} {what}{'s' * (len(asked) != 1)}"
            whose = "--only" if self._only else self.store.uri
            raise ConfigurationError(
                one_line(
                    f"--where {self._where.text}: none of the {count} of {whose} meets it; "
                    "'export parquet' lists their values"
                )
            )

    def _objects(self, shard: str, *, every: bool) -> list[Finished]:
        found: dict[str, Finished] = {}
        for _, lines in read_parts(self.store, keys.ledger_of(shard), Finished):
            fold(found, lines)
        # A uid becomes a file name, so lines with an invalid one are ignored.
        uids = sorted(uid for uid in found if keys.UID_PATTERN.fullmatch(uid))
        return [found[uid] for uid in uids if every or found[uid].outcome == "rendered"]

    def open(self, finished: Finished) -> Item:
        """Read an object's zip. Raises: ObjectError, if it is missing or damaged; StoreError."""
        if finished.outcome != "rendered":
            return Item(finished, None)
        opened = RenderZip(finished.uid, self._read(finished), self.recipe, finished.sha256)
        made_by = opened.metadata.render_worker.recipe_digest
        if made_by is not None and made_by != self.manifest.preset:
            raise opened.damaged(f"was rendered with another recipe than that in {keys.JOB}")
        return Item(finished, opened)

    def _read(self, finished: Finished) -> bytes:
        """Read a zip, whose size must be that in the ledger and at most `LARGEST`.

        Raises: Missing, Modified, RenderFailed, StoreError.
        """
        key, recorded = keys.render_zip(finished.uid), finished.size
        try:
            data = self.store.read(key, LARGEST if recorded is None else min(recorded, LARGEST))
        except TooLargeToRead as error:
            found = error.size
        else:
            if data is None:
                raise Missing(
                    f"{key} is missing, although the ledger has it as rendered; {RESTORED}"
                )
            found = len(data)
            if recorded in (None, found):
                return data
        if recorded in (None, found):
            raise RenderFailed(f"{key} has {found} bytes, more than the limit {LARGEST}; {AGAIN}")
        raise Modified(
            f"{key} was damaged or replaced: it has {found} bytes, but the ledger has {recorded}; "
            f"{AGAIN}"
        )


def single_units(source: Source, rank: Rank, *, every: bool) -> Iterator[Unit]:
    """This rank's objects as units of one: whole shards or stripes of them, by `ranks.assign`."""
    shards = source.shards()
    for share in assign(len(shards), rank.rank, rank.world):
        objects = source.objects(shards[share.shard], every=every)
        for found in objects[share.stripe :: share.stripes]:
            yield Unit(found.uid, (found,))


class Groups:
    """This rank's groups of objects: every `world`-th group, numbered over the whole output.

    After iteration, `count`, `digest` and `duplicates` cover the groups of all ranks.
    """

    def __init__(
        self,
        source: Source,
        rank: Rank,
        grouping: Grouping,
        *,
        every: bool,
        look_alike: bool = False,
    ) -> None:
        self._source = source
        self._rank = rank
        self._grouping = grouping
        self._every = every
        self._hash = hashlib.sha256()
        self._looks: list[tuple[str, str]] | None = [] if look_alike else None
        """The uid and perceptual hash of each rendered object."""
        self.count = 0

    @property
    def digest(self) -> str:
        """The sha256 over the uids, outcomes and zip digests of all ranks' objects."""
        return self._hash.hexdigest()

    @property
    def duplicates(self) -> dict[str, str]:
        """The uid of each object that looks like others, and that of the first of them."""
        return duplicates.firsts(self._looks or ())

    def __iter__(self) -> Iterator[Unit]:
        group: list[Finished] = []
        size = 0
        for found in self._objects():
            more = found.size or 0
            if group and (
                len(group) == self._grouping.objects or size + more > self._grouping.size
            ):
                yield from self._mine(group)
                group, size = [], 0
            group.append(found)
            size += more
        if group:
            yield from self._mine(group)

    def _objects(self) -> Iterator[Finished]:
        shards = self._source.shards()
        objects = (self._source.objects(shard, every=self._every) for shard in shards)
        every = itertools.chain.from_iterable(objects)
        for found in sorted(every, key=_numbers) if self._grouping.numbered else every:
            self._hash.update(f"{found.uid} {found.outcome} {found.sha256}\n".encode())
            if self._looks is not None and found.outcome == "rendered" and found.phash:
                self._looks.append((found.uid, found.phash))
            yield found

    def _mine(self, group: list[Finished]) -> Iterator[Unit]:
        if self.count % self._rank.world == self._rank.rank:
            yield Unit(keys.group_name(self.count), tuple(group))
        self.count += 1


def _numbers(found: Finished) -> tuple[list[tuple[int, str]], str]:
    """A sort key that compares numbers in file identifiers by value: 20 sorts before 100."""
    parts = re.split(r"([0-9]+)", found.file_identifier)
    parts[1::2] = (digits.lstrip("0") for digits in parts[1::2])
    return [(len(part) * (place % 2), part) for place, part in enumerate(parts)], found.uid
