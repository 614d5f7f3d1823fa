"""Which parts the ledger has, of all shards at once, and which of them hold all of its lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, groupby, islice
from typing import Final

import msgspec

from worker.core import keys
from worker.core.ordered_map import ordered_map
from worker.ledger.progress import Progress
from worker.stores.base import Entry, Store

PAGE: Final = 1000
"""Keys that a distant store lists with one request."""
LISTERS: Final = 16
PAGES: Final = 4
"""Pages that one lister asks for, one after the other."""
_SHARDS: Final = 10 ** len(keys.shard_name(0))
"""From here on, names of shards do not sort by their numbers."""


class Listing(msgspec.Struct, frozen=True):
    """The parts of all shards."""

    parts: dict[str, tuple[str, ...]]
    """By shard, both sorted: the keys of the parts that hold all of its lines."""
    sizes: dict[str, int]
    """By key of those parts, the size in bytes."""
    count: int
    """Number of all parts, superseded ones included."""
    digest: str
    """sha256 of the keys and sizes of all parts. Parts never change, so of all that they say."""


def listing(store: Store) -> Listing:
    """List the ledger, with several requests at the same time. Raises: StoreError."""
    digest = hashlib.sha256()
    count = 0
    parts = {}
    sizes: dict[str, int] = {}
    progress = Progress("listing the ledger", "parts")
    found = (each for each in entries(store, keys.LEDGER) if each.key.endswith(".jsonl"))
    for shard, its in groupby(found, lambda entry: keys.shard_of_part(entry.key)):
        listed = {}
        for entry in its:
            digest.update(f"{entry.key} {entry.size}\n".encode())
            listed[entry.key] = entry.size
        count += len(listed)
        parts[shard] = tuple(current([*listed]))
        sizes |= {part: listed[part] for part in parts[shard]}
        progress.at(count)
    return Listing(parts, sizes, count, digest.hexdigest())


def parts_of(store: Store, shard: str) -> list[str]:
    """The keys of the parts that hold all lines of a shard, sorted. Raises: StoreError."""
    return [*sizes_of(store, shard)]


def sizes_of(store: Store, shard: str) -> dict[str, int]:
    """As `parts_of`, with each part's size in bytes. Raises: StoreError."""
    sizes = {each.key: each.size for each in store.list(keys.ledger_of(shard))}
    return {part: sizes[part] for part in current([*sizes])}


def current(parts: Sequence[str]) -> list[str]:
    """Those of a shard's parts that no compacted part supersedes, in the same order."""
    if len(parts) == 1:
        return list(parts)
    numbers = {part: keys.part_numbers(part) for part in parts}
    ranges = [each for each in numbers.values() if each is not None and each[1] != each[2]]
    return [part for part in parts if not _superseded(numbers[part], ranges)]


def _superseded(part: tuple[str, int, int] | None, ranges: Iterable[tuple[str, int, int]]) -> bool:
    if part is None:
        return False
    writer, first, last = part
    return any(
        each != part and each[0] == writer and each[1] <= first and last <= each[2]
        for each in ranges
    )


def entries(store: Store, prefix: str) -> Iterator[Entry]:
    """All entries of a prefix in key order, the shards' numbers cut into ranges.

    prefix: `keys.LEDGER`, or another folder of folders that are named after shards.

    Raises: StoreError.
    """
    listed = store.list(prefix)
    page = list(islice(listed, PAGE))
    yield from page
    while len(page) == PAGE:
        first, last = (_number(entry, prefix) for entry in (page[0], page[-1]))
        if not store.remote or first is None or last is None:
            yield from listed
            return
        step = PAGES * (last - first + 1)
        ends = [last + 1 + step * number for number in range(1, LISTERS + 1)]
        cuts = [f"{prefix}{keys.shard_name(end)}/" for end in ends if end < _SHARDS]
        ranges = zip([page[-1].key, *cuts], [*cuts, ""], strict=True)
        read = partial(_range, store, prefix)
        *found, page = ordered_map(read, ranges, threads=LISTERS, ahead=2 * LISTERS, name="listing")
        yield from chain.from_iterable(found)
        yield from page
        listed = store.list(prefix, after=page[-1].key) if page else iter(())


def _range(store: Store, prefix: str, bounds: tuple[str, str]) -> list[Entry]:
    """The entries between two keys; behind the last cut, one page."""
    after, before = bounds
    found = store.list(prefix, after=after, before=before)
    return list(found if before else islice(found, PAGE))


def _number(entry: Entry, prefix: str) -> int | None:
    """The number of an entry's shard, if it has a name of `keys.shard_name`."""
    shard = entry.key.removeprefix(prefix).partition("/")[0]
    known = shard.isascii() and shard.isdigit() and keys.shard_name(int(shard)) == shard
    return int(shard) if known and int(shard) < _SHARDS else None
