"""The progress of an output: counts of outcomes, the rate, what is left, frequent failures.

It is computed from the ledger, shard by shard. The memory needed is that of the largest shard, and
16 bytes per object.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np

from worker.core import keys
from worker.core.formats import name_of
from worker.ledger import StatusLine, fold, folded, parts_of, read_parts, read_shards, settled
from worker.pack import duplicates
from worker.report.notable import Extremes, Notable
from worker.report.rate import Rate
from worker.stores.base import Store

MAX_PATTERNS: Final = 10_000
TOP_FAILURES: Final = 10
TOP_GROUPS: Final = 10
GROUP_SHOWN: Final = 5
"""Groups of near-duplicates that are named, and objects of each."""
RENDERS: Final = ("rendered", "new", "failed")
EXPORTS: Final = ("exported", "failed")
FETCHES: Final = ("fetched", "failed")
"""The outcomes of objects in an output, in a data set and in a place of downloads."""

_OUTCOME: Final = attrgetter("outcome")
_MISSING: Final = attrgetter("missing")
_UNDECODABLE: Final = attrgetter("undecodable")
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
    name: str


class Lookalikes(msgspec.Struct, frozen=True):
    """A group of near-duplicates: how many objects, and the first of them; see `duplicates`."""

    objects: int
    first: tuple[Notable, ...]


class Duplicates(msgspec.Struct, frozen=True):
    """All groups of near-duplicates; `largest` has the largest ones."""

    groups: int
    objects: int
    largest: tuple[Lookalikes, ...]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an output of renders, or of a data set."""

    outcomes: dict[str, int]
    """Number of objects by outcome: RENDERS, EXPORTS or FETCHES."""
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
    missing_textures: int
    """Objects rendered without some texture."""
    blank: int
    """Objects with a view that shows nothing of them."""
    cropped: int
    """Objects that touch the border of some view."""
    least_seen: tuple[Notable, ...]
    """The rendered objects with the least coverage in some view."""
    slowest: tuple[Notable, ...]
    """The rendered objects that took most seconds, in all steps."""
    most_missing: tuple[Notable, ...]
    """The rendered objects that lack most files."""
    duplicates: Duplicates
    device_hours: dict[str, float]
    """By kind of device ("optix", "cuda", "cpu"): hours of rendering, failed attempts included.
    Blender processes that share a device count by their share."""
    device_hours_left: float | None
    """The same for the objects left, of all kinds, if they take as long as those done."""
    total: int | None
    left: int | None
    per_hour: float | None
    """Finished attempts per hour; see `rate`."""
    hours_left: float | None
    """Estimated hours for the objects left, at that rate."""
    last: str | None
    """Time of the latest outcome, RFC 3339."""
    shards: tuple[ShardStatus, ...]
    failures: tuple[Failure, ...]
    """The most frequent kinds of failure."""

    @property
    def all_done(self) -> bool:
        """Whether it is known that nothing is left."""
        return self.left == 0


def status_of(
    store: Store,
    totals: Mapping[str, int] | None = None,
    objects: int | None = None,
    kinds: tuple[str, ...] = RENDERS,
) -> Status:
    """The status of the output or data set in `store`.

    totals: number of objects by shard name, if known.
    objects: number of all objects, used without `totals`.
    kinds: RENDERS, EXPORTS or FETCHES.

    Raises: StoreError.
    """
    count = _Count()
    done: dict[str, int] = dict.fromkeys(totals or (), 0)
    for shard, parts in read_shards(store, StatusLine):
        last: dict[str, StatusLine] = {}
        beside: set[str] = set()
        for lines in parts:
            count.clock(lines)
            fold(last, lines)
            beside.update(line.uid for line in lines if not line.listed or line.outcome == "new")
        done[shard] = count.add(shard, last, beside)
    return count.status(done, totals, objects, kinds, count.duplicates(store))


class _Count:
    """Sums over the shards read so far."""

    def __init__(self) -> None:
        self._rate = Rate()
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
        self._examples: dict[tuple[str, str], StatusLine] = {}
        self._render_s: defaultdict[str, float] = defaultdict(float)
        self._lacking = Counter[str]()
        self._least_seen = Extremes(attrgetter("coverage_min"))
        self._slowest = Extremes(_total, greatest=True)
        self._most_missing = Extremes(lambda line: line.missing or None, greatest=True)
        self._hashes = array("Q")
        self._ends: list[tuple[str, int]] = []
        """Each shard with hashes, and how many there were after it."""

    def clock(self, lines: Collection[StatusLine]) -> None:
        """Count every attempt, and its hours."""
        self._rate.add_lines(lines)
        for line in lines:
            if line.device:
                self._render_s[line.device] += line.seconds.render / line.children_per_device

    def add(self, shard: str, folded: Mapping[str, StatusLine], beside: Collection[str]) -> int:
        """Count the outcomes of a shard; returns how many of its indexed objects are settled.

        `beside` has the uids that the index does not name.
        """
        # Few lines of Python for each of millions of rendered objects: see docs/performance.md.
        lines = folded.values()
        self._outcomes.update(map(_OUTCOME, lines))
        rendered = [line for line in lines if line.outcome == "rendered"]
        self._look(rendered, shard)
        self._incomplete += sum(map(bool, map(_MISSING, lines)))
        self._undecodable += sum(map(bool, map(_UNDECODABLE, lines)))
        open_ones = 0
        rest = [] if len(rendered) == len(lines) else [line for line in lines if not line.done]
        for line in rest:
            if line.outcome == "new":
                self._new.append(hash(line.uid))
            elif line.outcome == "failed":
                self._fail(line)
                open_yet = not settled(line, frozenset())
                self._retryable += open_yet
                open_ones += open_yet and line.uid not in beside
        if any(line.outcome == "new" for line in rest):
            self._others.extend(hash(line.uid) for line in lines if line.outcome != "new")
        else:
            self._others.extend(map(hash, folded))
        self._beside += sum(folded[uid].done for uid in beside)
        return len(lines) - len(beside) - open_ones

    def _look(self, lines: Collection[StatusLine], shard: str) -> None:
        """Look at the rendered objects of a shard."""
        for extremes in (self._least_seen, self._slowest, self._most_missing):
            extremes.add(lines, shard)
        self._lacking["textures"] += sum(bool(line.missing_textures) for line in lines)
        self._lacking["blank"] += sum(bool(line.blank_views) for line in lines)
        self._lacking["cropped"] += sum(bool(line.border_views) for line in lines)
        hashes = [found for line in lines if (found := duplicates.number(line.phash)) is not None]
        if hashes:
            self._hashes.extend(hashes)
            self._ends.append((shard, len(self._hashes)))

    def duplicates(self, store: Store) -> Duplicates:
        """The groups of near-duplicates; reads the shards of those that it names again.

        Raises: StoreError.
        """
        hashes = np.frombuffer(self._hashes, np.uint64)
        groups = duplicates.groups(hashes)
        ends = [end for _, end in self._ends]
        largest = []
        for group in groups[:TOP_GROUPS]:
            shards = np.searchsorted(ends, group[:GROUP_SHOWN], side="right")
            names = {self._ends[shard][0] for shard in shards.tolist()}
            first = [
                found
                for shard in sorted(names)
                for found in _with_hashes(store, shard, set(np.unique(hashes[group]).tolist()))
            ]
            largest.append(Lookalikes(len(group), tuple(first[:GROUP_SHOWN])))
        return Duplicates(len(groups), sum(map(len, groups)), tuple(largest))

    def status(
        self,
        done: Mapping[str, int],
        totals: Mapping[str, int] | None,
        objects: int | None,
        kinds: tuple[str, ...],
        lookalikes: Duplicates,
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
        rate = self._rate.per_hour()
        hours = {kind: seconds / 3600 for kind, seconds in sorted(self._render_s.items())}
        ended = sum(done.values()) + self._beside
        return Status(
            outcomes={kind: self._outcomes[kind] for kind in kinds},
            codes=dict(self._codes.most_common()),
            retryable=self._retryable,
            done=sum(done.values()),
            beside=self._beside,
            incomplete=self._incomplete,
            undecodable=self._undecodable,
            missing_textures=self._lacking["textures"],
            blank=self._lacking["blank"],
            cropped=self._lacking["cropped"],
            least_seen=self._least_seen.found,
            slowest=self._slowest.found,
            most_missing=self._most_missing.found,
            duplicates=lookalikes,
            device_hours={kind: round(spent, 6) for kind, spent in hours.items()},
            device_hours_left=(
                round(sum(hours.values()) / ended * left, 6) if ended and left is not None else None
            ),
            total=total,
            left=left,
            per_hour=rate,
            hours_left=left / rate if left is not None and rate else None,
            last=self._rate.last,
            shards=shards,
            failures=tuple(
                Failure(code, count, line.message or "", line.uid, name_of(line.file_identifier))
                for (code, pattern), count in self._patterns.most_common(TOP_FAILURES)
                for line in (self._examples[code, pattern],)
            ),
        )

    def _fail(self, line: StatusLine) -> None:
        code = line.code or "?"
        self._codes[code] += 1
        kind = (code, _pattern(line.message or ""))
        self._patterns[kind] += 1
        self._examples.setdefault(kind, line)
        if len(self._patterns) > MAX_PATTERNS:  # only the most frequent are shown
            self._patterns = Counter(dict(self._patterns.most_common(MAX_PATTERNS // 2)))
            self._examples = {kind: self._examples[kind] for kind in self._patterns}


def _with_hashes(store: Store, shard: str, hashes: Collection[int]) -> list[Notable]:
    """The rendered objects of a shard that have one of these hashes. Raises: StoreError."""
    return [
        Notable(name_of(line.file_identifier), line.uid, shard, line.coverage_min or 0.0)
        for line in folded(read_parts(store, parts_of(store, shard), StatusLine)).values()
        if line.outcome == "rendered" and duplicates.number(line.phash) in hashes
    ]


def _total(line: StatusLine) -> float:
    spent = line.seconds  # `Seconds.total`, in a third of its time
    return spent.fetch + spent.render + spent.pack + spent.export + spent.publish


@lru_cache(maxsize=4096)
def _pattern(message: str) -> str:
    return _PARTICULARS.sub("…", message)


def to_dict(status: Status) -> dict[str, Any]:
    """The status as JSON values."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(status))
    return plain
