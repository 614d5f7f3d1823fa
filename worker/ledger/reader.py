"""Reads the ledger: fetches several parts at a time and folds them to one outcome per object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, TypeVar

import msgspec
import structlog

from worker.core.json_errors import NOT_JSON, why
from worker.core.keys import shard_of_part
from worker.core.ordered_map import ordered_map
from worker.ledger.listing import listing, parts_of
from worker.ledger.outcome import LedgerLine, Outcome
from worker.ledger.progress import Progress
from worker.stores.base import Store

log = structlog.get_logger(__name__)

READERS: Final = 16

T = TypeVar("T", bound=LedgerLine)


def fold(outcomes: dict[str, T], lines: Iterable[T]) -> None:
    """Fold `lines` into `outcomes`, which has one line per uid.

    A rendered or exported line wins over any other; otherwise the latest line wins.
    """
    for line in lines:
        before = outcomes.get(line.uid)
        if before is None or _supersedes(line, before):
            outcomes[line.uid] = line


def _supersedes(line: LedgerLine, before: LedgerLine) -> bool:
    if line.done != before.done:
        return line.done
    return line.time >= before.time


def read_ledger(store: Store, shard: str) -> dict[str, Outcome]:
    """The folded outcome of each object of `shard`, by uid. Raises: StoreError."""
    return folded(lines for _, lines in read_parts(store, parts_of(store, shard), Outcome))


def folded(parts: Iterable[Iterable[T]]) -> dict[str, T]:
    """The folded line of each object of some parts, by uid."""
    last: dict[str, T] = {}
    for lines in parts:
        fold(last, lines)
    return last


def read_shards(
    store: Store, kind: type[T], parts: Mapping[str, Sequence[str]] | None = None
) -> Iterator[tuple[str, list[list[T]]]]:
    """Name and lines, part by part, of every shard, or of those in `parts` with these keys.

    Tells of its progress. Raises: StoreError.
    """
    if parts is None:
        parts = listing(store).parts
    every = [key for each in parts.values() for key in each]
    progress = Progress("reading the ledger", "shards", len(parts))
    read = read_parts(store, every, kind)
    for number, (shard, found) in enumerate(groupby(read, lambda each: shard_of_part(each[0])), 1):
        yield shard, [lines for _, lines in found]
        progress.at(number)


def read_parts(
    store: Store, parts: Iterable[str], kind: type[T], readers: int = READERS
) -> Iterator[tuple[str, list[T]]]:
    """Key and lines of every part, in the given order.

    Reads `readers` parts at a time, with a few more per reader in memory. A damaged line is
    skipped with a warning.

    Raises: StoreError.
    """
    decoder = msgspec.json.Decoder(kind)

    def read(key: str) -> tuple[str, list[T]]:
        return key, decoded(decoder, key, store.read(key) or b"")

    yield from ordered_map(read, parts, threads=readers, ahead=4 * readers, name="ledger")


def decoded(decoder: msgspec.json.Decoder[T], key: str, body: bytes) -> list[T]:
    """The lines of a part; a damaged one is skipped with a warning."""
    try:
        return decoder.decode_lines(body)
    except NOT_JSON:
        pass
    lines = []
    for number, line in enumerate(body.splitlines(), 1):
        try:
            lines.append(decoder.decode(line))
        except NOT_JSON as error:
            log.warning("damaged ledger line skipped", part=key, line=number, why=why(error))
    return lines
