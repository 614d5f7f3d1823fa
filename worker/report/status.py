"""The progress of an output: counts of outcomes, the rate, what is left, frequent failures.

It is computed from the ledger, shard by shard. The memory needed is that of the largest shard, and
eight bytes per object.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import msgspec
import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from worker.core import keys
from worker.ledger import LedgerLine, fold, read_parts, settled
from worker.stores.base import Store

MAX_PATTERNS: Final = 10_000
TOP_FAILURES: Final = 10
PAUSE: Final = timedelta(minutes=15)
"""After a longer gap in the ledger, no worker is assumed to have been running."""
WINDOW: Final = timedelta(hours=1)
"""The rate is computed over the time since the last pause, but at most this long."""

RENDERS: Final = ("rendered", "new", "failed")
EXPORTS: Final = ("exported", "failed")
"""The outcomes of objects in a data set; RENDERS are those in an output."""

_PARTICULARS: Final = re.compile(
    keys.UID_PATTERN.pattern + r"|[0-9a-f]{16,}|(?:[\w.:-]*/)+[^\s'\",;:)]*|\d+(?:\.\d+)?"
)
"""What differs between messages of one kind of failure: uids, digests, paths, URLs, numbers."""


class ShardStatus(msgspec.Struct, frozen=True):
    """The settled objects of a shard, and all of them; `total` is None if it is unknown."""

    name: str
    done: int
    total: int | None


class Failure(msgspec.Struct, frozen=True):
    """A kind of failure, with one object and its message as an example."""

    code: str
    count: int
    message: str
    uid: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an output of renders, or of a data set."""

    outcomes: dict[str, int]
    """Number of objects by outcome: RENDERS, or EXPORTS for a data set."""
    codes: dict[str, int]
    """Number of failed objects by code, the most frequent first."""
    retryable: int
    """Failed objects that the next run retries by default."""
    done: int
    """Of the index's objects, those settled: rendered, exported, failed for good."""
    beside: int
    """Objects rendered but not in the index."""
    incomplete: int
    """Objects rendered without some file that they name and that does not exist."""
    undecodable: int
    """Objects rendered without some file that cannot be decoded."""
    total: int | None
    left: int | None
    per_hour: float | None
    """Finished attempts per hour; see WINDOW."""
    hours_left: float | None
    """Estimated hours for the objects left, at that rate."""
    last: str | None
    """Time of the latest outcome, RFC 3339."""
    shards: tuple[ShardStatus, ...]
    failures: tuple[Failure, ...]
    """The most frequent kinds of failure."""


def status_of(
    store: Store,
    totals: Mapping[str, int] | None = None,
    objects: int | None = None,
    kinds: tuple[str, ...] = RENDERS,
) -> Status:
    """The status of the output or data set in `store`.

    totals: number of objects by shard name, if known.
    objects: number of all objects, used without `totals`.
    kinds: RENDERS or EXPORTS.

    Raises: StoreError.
    """
    count = _Count()
    parts = read_parts(store, keys.LEDGER, LedgerLine)
    done: dict[str, int] = dict.fromkeys(totals or (), 0)
    for shard, group in groupby(parts, key=lambda part: keys.shard_of_part(part[0])):
        folded: dict[str, LedgerLine] = {}
        beside: set[str] = set()
        for _, lines in group:
            count.minutes.update([line.time[:16] for line in lines])
            count.last = max(count.last, max((line.time for line in lines), default=""))
            fold(folded, lines)
            beside.update(line.uid for line in lines if not line.listed or line.outcome == "new")
        done[shard] = count.add(folded, beside)
    return count.status(done, totals, objects, kinds)


class _Count:
    """Sums over the shards read so far."""

    def __init__(self) -> None:
        self.minutes: Counter[str] = Counter()
        self.last = ""
        self._outcomes: Counter[str] = Counter()
        self._new = array("q")
        self._others = array("q")
        """Hashes of uids: `_new` with outcome "new" in some shard, `_others` with another one."""
        self._codes: Counter[str] = Counter()
        self._retryable = 0
        self._beside = 0
        self._incomplete = 0
        self._undecodable = 0
        self._patterns: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], LedgerLine] = {}

    def add(self, folded: Mapping[str, LedgerLine], beside: Collection[str]) -> int:
        """Count the outcomes of a shard; returns how many of its indexed objects are settled.

        `beside` has the uids that the index does not name.
        """
        self._outcomes.update(line.outcome for line in folded.values())
        self._others.extend(hash(uid) for uid, line in folded.items() if line.outcome != "new")
        done = 0
        self._incomplete += sum(line.missing > 0 for line in folded.values())
        self._undecodable += sum(line.undecodable > 0 for line in folded.values())
        for uid, line in folded.items():
            open_yet = not settled(line, frozenset())
            if line.outcome == "new":
                self._new.append(hash(uid))
            elif line.outcome == "failed":
                self._fail(line)
                self._retryable += open_yet
            if uid not in beside:
                done += not open_yet
            else:
                self._beside += line.done
        return done

    def status(
        self,
        done: Mapping[str, int],
        totals: Mapping[str, int] | None,
        objects: int | None,
        kinds: tuple[str, ...],
    ) -> Status:
        """The status of all shards added so far."""
        shards = tuple(
            ShardStatus(name, count, totals.get(name) if totals is not None else None)
            for name, count in sorted(done.items())
        )
        total = sum(totals.values()) if totals is not None else objects
        left = None if objects is None else max(0, objects - sum(done.values()))
        if totals is not None:
            # Clamped per shard: surplus lines of one shard must not hide open objects of another.
            left = sum(max(0, objects - done[name]) for name, objects in totals.items())
        if self._new:
            # Several shards may discover the same object. In an index that `build` did not make,
            # another shard may also name it.
            self._outcomes["new"] = len(np.setdiff1d(self._new, self._others))
        rate = _rate(self.minutes)
        return Status(
            outcomes={kind: self._outcomes[kind] for kind in kinds},
            codes=dict(self._codes.most_common()),
            retryable=self._retryable,
            done=sum(done.values()),
            beside=self._beside,
            incomplete=self._incomplete,
            undecodable=self._undecodable,
            total=total,
            left=left,
            per_hour=rate,
            hours_left=left / rate if left is not None and rate else None,
            last=self.last or None,
            shards=shards,
            failures=tuple(
                Failure(code, count, line.message or "", line.uid)
                for (code, pattern), count in self._patterns.most_common(TOP_FAILURES)
                for line in (self._examples[code, pattern],)
            ),
        )

    def _fail(self, line: LedgerLine) -> None:
        code = line.code or "?"
        self._codes[code] += 1
        kind = (code, _pattern(line.message or ""))
        self._patterns[kind] += 1
        self._examples.setdefault(kind, line)
        if len(self._patterns) > MAX_PATTERNS:  # only the most frequent are shown
            self._patterns = Counter(dict(self._patterns.most_common(MAX_PATTERNS // 2)))
            self._examples = {kind: self._examples[kind] for kind in self._patterns}


@lru_cache(maxsize=4096)
def _pattern(message: str) -> str:
    return _PARTICULARS.sub("…", message)


def _rate(minutes: Mapping[str, int]) -> float | None:
    """Outcomes per hour since the last pause (see WINDOW), from counts by minute."""
    latest = sorted(
        ((datetime.fromisoformat(text), n) for text, n in minutes.items()), reverse=True
    )
    if not latest:
        return None
    end = start = latest[0][0]
    ended = 0
    for minute, count in latest:
        if start - minute > PAUSE or end - minute >= WINDOW:
            break
        start = minute
        ended += count
    return ended / ((end - start) / timedelta(hours=1) + 1 / 60)


def to_dict(status: Status) -> dict[str, Any]:
    """The status as JSON values."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(status))
    return plain


def render(status: Status, *, max_shards: int = 10) -> RenderableType:
    """The status for a terminal, with the first `max_shards` shards that are not done."""
    return Group(*_summary(status), _shards(status, max_shards), *_failures(status))


def _summary(status: Status) -> list[RenderableType]:
    table = Table("outcome", "objects", title="Outcomes", title_justify="left")
    table.columns[1].justify = "right"
    for outcome, count in status.outcomes.items():
        table.add_row(outcome, f"{count:,}")
        if outcome == "failed":
            for code, failed in status.codes.items():
                table.add_row(Text(f"  {code}", style="red"), f"{failed:,}")
    of = f" of {status.total:,}" if status.total is not None else ""
    sentences = [f"{status.done:,}{of} objects done"]
    counted = {
        "rendered but not in the index": status.beside,
        "rendered with missing files": status.incomplete,
        "rendered without files that cannot be decoded": status.undecodable,
        "failed and will be retried": status.retryable,
    }
    sentences += [f"{count:,} {what}" for what, count in counted.items() if count]
    if status.per_hour is not None:
        sentences.append(f"{status.per_hour:,.0f} per hour")
    if status.left is not None:
        left = f"{status.left:,} left"
        if status.left and status.hours_left is not None:
            left += f", about {_duration(status.hours_left)}"
        sentences.append(left)
    return [table, Text("; ".join(sentences))]


def _shards(status: Status, most: int) -> RenderableType:
    unfinished = [s for s in status.shards if s.total is None or s.done < s.total]
    if not unfinished or status.left == 0:
        return Text(f"all {len(status.shards):,} shards done" if status.shards else "no ledger yet")
    table = Table("shard", "done", "of", title="Shards not done", title_justify="left")
    for shard in unfinished[:most]:
        total = "?" if shard.total is None else f"{shard.total:,}"
        table.add_row(shard.name, f"{shard.done:,}", total)
    if len(unfinished) > most:
        table.add_row("…", f"{len(unfinished) - most:,} more", "")
    return table


def _failures(status: Status) -> list[RenderableType]:
    if not status.failures:
        return []
    table = Table("code", "objects", title="Failures", title_justify="left")
    for name in ("example", "uid"):  # never truncated, because users search for them
        table.add_column(name, overflow="fold")
    for failure in status.failures:
        table.add_row(failure.code, f"{failure.count:,}", _plain(failure.message), failure.uid)
    return [table]


def _plain(message: str) -> Text:
    """A message without control characters, because it may quote a hostile file name."""
    return Text("".join(char if char.isprintable() else " " for char in message))


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{max(1, round(hours * 60))} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"  # noqa: PLR2004 - two days
