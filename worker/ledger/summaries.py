"""Stores a summary of a shard's ledger parts, and reads it in place of these parts.

    summaries/<shard>/<digest of the names and sizes of the parts>.json

Its first line is the sha256 of its second, a JSON object that names the parts and their sizes. It
is of the parts of all workers that there were when one had finished its share of the shard, and is
used while there are no others. One that is missing, damaged, of another format or of other parts is
not needed: the lines are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, groupby
from typing import Final

import msgspec
import structlog

from worker.core import keys
from worker.core.errors import StoreError
from worker.core.failpoints import Failpoint, reach
from worker.core.json_errors import NOT_JSON
from worker.core.ordered_map import ordered_map
from worker.core.sha256 import sha256_of
from worker.ledger.listing import Listing, entries, listing, sizes_of
from worker.ledger.outcome import StatusLine
from worker.ledger.progress import Progress
from worker.ledger.reader import READERS, decoded
from worker.ledger.summary import HASH, ShardSummary, summary_of
from worker.stores.base import Store

log = structlog.get_logger(__name__)

FORMAT: Final = 2
"""Another number where the summary of the same lines is another one."""
LEAST_LINES = 50
"""Fewer lines are read as fast as their summary, and have none."""
MOST_PARTS: Final = 64
MOST_BYTES: Final = 32 << 20
"""Of other workers' parts that one reads to summarize a shard, so that its end stays short."""
_READERS: Final = 2 * READERS
"""Summaries are small, and reading them is waiting."""
_DIGITS: Final = 32
"""Of a digest in the key of a summary."""
_LINES: Final = msgspec.json.Decoder(StatusLine)


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    parts: dict[str, int]
    """By key of the parts that it is of, sorted: the size in bytes."""
    summary: ShardSummary


_STORED: Final = msgspec.json.Decoder(_Stored)


def store_summary(store: Store, shard: str, part: str, body: bytes) -> None:
    """Store the summary of a shard whose last part so far is one of this worker's own.

    It covers the parts of other workers, which are read for it, if they are not too many. If it
    cannot be made or written, nothing is lost but time of later readers.
    """
    try:
        sizes = sizes_of(store, shard)
        others = [each for each in sizes if each != part]
        if len(others) > MOST_PARTS or sum(sizes[each] for each in others) > MOST_BYTES:
            return
        bodies = {part: body, **{each: store.read(each) or b"" for each in others}}
        if sizes != {each: len(bodies[each]) for each in sizes}:
            return
        lines = [decoded(_LINES, each, bodies[each]) for each in sizes]
        if sum(map(len, lines)) < LEAST_LINES:
            return
        store.create(summary_key(shard, sizes), encoded(sizes, summary_of(lines)))
        reach(Failpoint.SUMMARY_AFTER)
    except StoreError as error:
        log.warning("cannot summarize a shard of the ledger", shard=shard, why=str(error))


def summary_key(shard: str, parts: Mapping[str, int]) -> str:
    """The key of the summary of a shard's parts, given with their sizes, sorted."""
    text = "".join(f"{part} {size}\n" for part, size in parts.items())
    return keys.shard_summary(shard, sha256_of(text.encode())[:_DIGITS])


def encoded(parts: Mapping[str, int], summary: ShardSummary) -> bytes:
    """The body of the summary of these parts."""
    text = msgspec.json.encode(_Stored(format=FORMAT, parts=dict(parts), summary=summary))
    return b"%s\n%s\n" % (sha256_of(text).encode(), text)


def read_summaries(
    store: Store, listed: Listing | None = None
) -> Iterator[tuple[str, ShardSummary]]:
    """Name and summary of every shard, of the parts in `listed`, or listed now.

    Tells of its progress. Raises: StoreError.
    """
    listed = listed or listing(store)
    stored = {entry.key for entry in entries(store, keys.SUMMARIES)}
    progress = Progress("reading the ledger", "shards", len(listed.parts))
    found = ordered_map(
        partial(_read, store, listed), _asked(listed, stored),
        threads=_READERS, ahead=2 * _READERS, name="ledger",
    )  # fmt: skip
    for number, (shard, pieces) in enumerate(groupby(found, lambda each: each[0]), 1):
        read = [piece for _, piece in pieces]
        if isinstance(read[0], ShardSummary):
            yield shard, read[0]
        else:
            parts = (each for each in read if not isinstance(each, ShardSummary))
            yield shard, summary_of(chain.from_iterable(parts))
        progress.at(number)


def _asked(listed: Listing, stored: Collection[str]) -> Iterator[tuple[str, str]]:
    """Each shard and the key of its summary, if it has one, else of each of its parts."""
    for shard, parts in listed.parts.items():
        key = summary_key(shard, {part: listed.sizes[part] for part in parts})
        for each in (key,) if key in stored else parts:
            yield shard, each


def _read(
    store: Store, listed: Listing, asked: tuple[str, str]
) -> tuple[str, ShardSummary | list[list[StatusLine]]]:
    """A shard and what a key of `_asked` has of it: the summary, or lines part by part."""
    shard, key = asked
    parts: Sequence[str] = (key,)
    if key.startswith(keys.SUMMARIES):
        parts = listed.parts[shard]
        sizes = {part: listed.sizes[part] for part in parts}
        summary = _checked(store.read(key) or b"", sizes)
        if summary is not None:
            return shard, summary
        log.warning("damaged summary of the ledger not used", summary=key)
    return shard, [decoded(_LINES, part, store.read(part) or b"") for part in parts]


def _checked(body: bytes, parts: Mapping[str, int]) -> ShardSummary | None:
    """The summary in `body`, if it is whole and that of these parts."""
    digest, _, text = body.rstrip(b"\n").partition(b"\n")
    if sha256_of(text).encode() != digest:
        return None
    try:
        found = _STORED.decode(text)
    except NOT_JSON:
        return None
    summary = found.summary
    listed = (summary.phashes, summary.zips, summary.new, summary.others)
    whole = all(len(each) % HASH.itemsize == 0 for each in listed)
    return summary if whole and (found.format, found.parts) == (FORMAT, parts) else None
