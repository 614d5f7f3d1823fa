"""What one rank exports: objects one by one, or groups of them that share files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from worker.core import keys
from worker.core.errors import StoreError
from worker.core.ranks import Rank, assign
from worker.export.base import Finished, Grouping, Unit
from worker.export.group_plan import Limits, Piece, planned
from worker.export.source import Source
from worker.ledger import read_summaries
from worker.pack import duplicates

WHOLE_PARTS: Final = 2000
"""A ledger of up to as many parts is read before the first group is made."""
LISTED: Final = "ledger:"
"""Begins the digest of a ledger's listing, which stands for all objects of a larger one."""


def single_units(source: Source, rank: Rank, *, every: bool) -> Iterator[Unit]:
    """This rank's objects as units of one: whole shards or stripes of them, by `ranks.assign`.

    Shards are read ahead of the units that are asked for.
    """
    parts = source.listing().parts
    shards = list(parts)
    shares = {shards[share.shard]: share for share in assign(len(shards), rank.rank, rank.world)}
    for shard, objects in source.by_shard({name: parts[name] for name in shares}, every=every):
        share = shares[shard]
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
        self._listing = source.listing()
        self._last: dict[str, list[Finished]] = {}
        """By shard: the objects that the latest group of `streamed` was read from."""
        self.count = 0

    @property
    def streams(self) -> bool:
        """Whether the ledger is large, and its groups can be made while it is read."""
        many = self._listing.count > WHOLE_PARTS
        return many and not self._grouping.numbered and self._looks is None

    @property
    def digest(self) -> str:
        """The sha256 over the uids, outcomes and zip digests of all ranks' objects."""
        return self._hash.hexdigest()

    @property
    def ledger_digest(self) -> str:
        """In place of `digest`, known before a line is read: of the names and sizes of all parts.

        It changes with every new part, also of objects that are not in the data set.
        """
        return f"{LISTED}{self._listing.digest}"

    @property
    def duplicates(self) -> dict[str, str]:
        """The uid of each object that looks like others, and that of the first of them."""
        return duplicates.firsts(self._looks or ())

    def __iter__(self) -> Iterator[Unit]:
        limits = Limits(self._grouping)
        group: list[Finished] = []
        for found in self._objects():
            if limits.is_full(found.size or 0):
                yield from self._mine(group)
                group = []
            group.append(found)
        if group:
            yield from self._mine(group)

    def streamed(self) -> Iterator[Unit]:
        """The same groups, of which a rank of several reads the lines of its own alone.

        `digest` and `duplicates` then say nothing. Raises: StoreError.
        """
        summarized = next(iter(self._source.store.list(keys.SUMMARIES)), None) is not None
        if self._rank.world == 1 or self._source.selects or not summarized:
            yield from self
            return
        summaries = read_summaries(self._source.store, self._listing)
        for pieces in planned(summaries, self._grouping, every=self._every):
            if self._is_mine():
                yield Unit(keys.group_name(self.count), tuple(self._read(pieces)))
            self.count += 1

    def _read(self, pieces: list[Piece]) -> list[Finished]:
        """The objects of a group; the shards of the last one, which it may share, are kept."""
        kept = {each.shard: self._last.get(each.shard) for each in pieces}
        parts = {name: self._listing.parts[name] for name, found in kept.items() if found is None}
        read = dict(self._source.by_shard(parts, every=self._every)) if parts else {}
        self._last = {name: read[name] if found is None else found for name, found in kept.items()}
        for each in pieces:
            if len(self._last[each.shard]) != each.count:
                raise StoreError(
                    f"{self._source.store.uri}: the ledger of shard {each.shard} does not have the "
                    f"{each.count} objects that its summary counts; delete "
                    f"{keys.SUMMARIES}{each.shard}/, which is not needed, and run again"
                )
        return [found for each in pieces for found in self._last[each.shard][each.first : each.end]]

    def _objects(self) -> Iterator[Finished]:
        by_shard = self._source.by_shard(self._listing.parts, every=self._every)
        every = chain.from_iterable(objects for _, objects in by_shard)
        for found in sorted(every, key=_numbers) if self._grouping.numbered else every:
            self._hash.update(f"{found.uid} {found.outcome} {found.sha256}\n".encode())
            if self._looks is not None and found.outcome == "rendered" and found.phash:
                self._looks.append((found.uid, found.phash))
            yield found

    def _mine(self, group: list[Finished]) -> Iterator[Unit]:
        if self._is_mine():
            yield Unit(keys.group_name(self.count), tuple(group))
        self.count += 1

    def _is_mine(self) -> bool:
        return self.count % self._rank.world == self._rank.rank


def _numbers(found: Finished) -> tuple[list[tuple[int, str]], str]:
    """A sort key that compares numbers in file identifiers by value: 20 sorts before 100."""
    parts = re.split(r"([0-9]+)", found.file_identifier)
    parts[1::2] = (digits.lstrip("0") for digits in parts[1::2])
    return [(len(part) * (place % 2), part) for place, part in enumerate(parts)], found.uid
