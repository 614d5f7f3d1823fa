"""The input of an export: the objects of an output, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from worker.export.base import Finished, Item
from worker.export.opened_zip import AGAIN, LARGEST, RESTORED
from worker.export.where import Condition
from worker.export.zips import RenderZip
from worker.index.selection import Selection
from worker.ledger import Listing, folded, listing, read_shards
from worker.manifests import OutputManifest
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

    @property
    def stores(self) -> tuple[Store, ...]:
        """The outputs that are read."""
        return (self.store,)

    @property
    def selects(self) -> bool:
        """Whether only some objects are selected, by `only` or `where`."""
        return bool(self._only) or self._where is not None

    def listing(self) -> Listing:
        """The parts of its ledger, listed now. Raises: StoreError."""
        return listing(self.store)

    def by_shard(
        self, parts: Mapping[str, Sequence[str]], *, every: bool
    ) -> Iterator[tuple[str, list[Finished]]]:
        """The selected objects of each shard of `parts`: the rendered ones, or `every` one.

        Sorted by uid. Shards are read ahead, with a progress line. Raises: StoreError.
        """
        for shard, objects in self._by_shard(parts, every=every):
            yield (
                shard,
                [
                    each
                    for each in objects
                    if self._only.matches(each) and (self._where is None or self._where.holds(each))
                ],
            )

    def check_selection(self, *, every: bool, found: bool) -> None:
        """Check that each name of `only` is that of an object, and that some object meets `where`.

        A name counts whether or not its object meets `where`. found: whether it is known that some
        object is selected.

        Raises: ConfigurationError, StoreError.
        """
        what = "object" if every else "rendered object"
        parts = self.listing().parts if self._only or not found else {}
        if not found and not parts:
            raise ConfigurationError(f"{self.store.uri}: no object has an outcome yet")

        def objects() -> Iterator[Finished]:
            return (each for _, read in self._by_shard(parts, every=every) for each in read)

        self._only.check(objects(), f"{what} of {self.store.uri}")
        if self._where is None or found:
            return
        asked, met = 0, False
        for each in filter(self._only.matches, objects()):
            asked += 1
            met = met or self._where.holds(each)
        if not met:
            count = f"{asked:,} {what}{'s' * (asked != 1)}"
            whose = "--only" if self._only else self.store.uri
            raise ConfigurationError(
                one_line(
                    f"--where {self._where.text}: none of the {count} of {whose} meets it; "
                    "'export parquet' lists their values"
                )
            )

    def _by_shard(
        self, parts: Mapping[str, Sequence[str]], *, every: bool
    ) -> Iterator[tuple[str, list[Finished]]]:
        for shard, read in read_shards(self.store, Finished, parts):
            last = folded(read)
            # A uid becomes a file name, so lines with an invalid one are ignored.
            uids = sorted(uid for uid in last if keys.UID_PATTERN.fullmatch(uid))
            yield shard, [last[uid] for uid in uids if every or last[uid].outcome == "rendered"]

    def open(self, finished: Finished) -> Item:
        """Read an object's zip. Raises: ObjectError, if it is missing or damaged; StoreError."""
        if finished.outcome != "rendered":
            return Item(finished, None)
        opened = RenderZip(
            finished.uid, self._read(finished), self.recipe, finished.sha256, self.manifest.prefix
        )
        made_by = opened.metadata.render_worker.recipe_digest
        if made_by is not None and made_by != self.manifest.preset:
            raise opened.damaged(f"was rendered with another recipe than that in {keys.JOB}")
        return Item(finished, opened)

    def _read(self, finished: Finished) -> bytes:
        """Read a zip, whose size must be that in the ledger and at most `LARGEST`.

        Raises: Missing, Modified, RenderFailed, StoreError.
        """
        key, recorded = keys.render_zip(finished.uid, self.manifest.prefix), finished.size
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
