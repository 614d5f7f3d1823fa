"""Stores a summary beside a ledger part, and reads it in place of the part.

    summaries/<shard>/<the part's name>.json

Its first line is the sha256 of its second, a JSON object that names the part and its size. It is
used where the part has all lines of its shard. One that is missing, damaged, of another format or
another part is not needed: the lines of the part are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Final

import msgspec
import structlog

from worker.core import keys
from worker.core.errors import StoreError
from worker.core.failpoints import Failpoint, reach
from worker.core.json_errors import NOT_JSON
from worker.core.ordered_map import ordered_map
from worker.core.sha256 import sha256_of
from worker.ledger.listing import Listing, entries, listing
from worker.ledger.outcome import StatusLine
from worker.ledger.progress import Progress
from worker.ledger.reader import READERS, decoded
from worker.ledger.summary import ShardSummary, summary_of
from worker.stores.base import Store

log = structlog.get_logger(__name__)

FORMAT: Final = 1
"""Another number where the summary of the same lines is another one."""
LEAST_LINES = 50
"""A part of fewer lines is read as fast as its summary, and has none."""
_READERS: Final = 2 * READERS
"""Summaries are small, and reading them is waiting."""
_LINES: Final = msgspec.json.Decoder(StatusLine)


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    part: str
    size: int
    """Of the part, in bytes."""
    summary: ShardSummary


_STORED: Final = msgspec.json.Decoder(_Stored)


def store_summary(store: Store, part: str, body: bytes) -> None:
    """Store the summary of a part of this worker's own that is in the store.

    If it cannot be written, nothing is lost but time of later readers.
    """
    lines = _LINES.decode_lines(body)
    if len(lines) < LEAST_LINES:
        return
    key = keys.part_summary(part)
    try:
        store.create(key, encoded(part, len(body), summary_of([lines])))
        reach(Failpoint.SUMMARY_AFTER)
    except StoreError as error:
        log.warning("cannot summarize a ledger part; it is there", key=key, why=str(error))


def encoded(part: str, size: int, summary: ShardSummary) -> bytes:
    """The body of the summary of a part."""
    text = msgspec.json.encode(_Stored(format=FORMAT, part=part, size=size, summary=summary))
    return b"%s\n%s\n" % (sha256_of(text).encode(), text)


def read_summaries(store: Store) -> Iterator[tuple[str, ShardSummary]]:
    """Name and summary of every shard. Tells of its progress. Raises: StoreError."""
    listed = listing(store)
    stored = {entry.key for entry in entries(store, keys.SUMMARIES)}
    every = [
        (part, len(parts) == 1 and keys.part_summary(part) in stored)
        for parts in listed.parts.values()
        for part in parts
    ]
    progress = Progress("reading the ledger", "shards", len(listed.parts))
    found = ordered_map(
        partial(_read, store, listed), every, threads=_READERS, ahead=2 * _READERS, name="ledger"
    )
    shards = groupby(found, lambda each: keys.shard_of_part(each[0]))
    for number, (shard, parts) in enumerate(shards, 1):
        read = [summary_or_lines for _, summary_or_lines in parts]
        if isinstance(read[0], ShardSummary):
            yield shard, read[0]
        else:
            yield shard, summary_of(each for each in read if not isinstance(each, ShardSummary))
        progress.at(number)


def _read(
    store: Store, listed: Listing, part: tuple[str, bool]
) -> tuple[str, ShardSummary | list[StatusLine]]:
    """A part's key, and its summary if it has one and is the only part, else its lines."""
    key, summarized = part
    if summarized:
        found = _checked(store.read(keys.part_summary(key)) or b"", key, listed.sizes[key])
        if found is not None:
            return key, found
        log.warning("damaged summary of a ledger part not used", part=key)
    return key, decoded(_LINES, key, store.read(key) or b"")


def _checked(body: bytes, part: str, size: int) -> ShardSummary | None:
    """The summary in `body`, if it is whole and that of this part."""
    digest, _, text = body.rstrip(b"\n").partition(b"\n")
    if sha256_of(text).encode() != digest:
        return None
    try:
        found = _STORED.decode(text)
    except NOT_JSON:
        return None
    same = (found.format, found.part, found.size) == (FORMAT, part, size)
    return found.summary if same else None
