"""The progress of an output: counts of outcomes, the rate, what is left, frequent failures.

It is computed from the ledger, or from what summarizes its parts, shard by shard. The memory needed
is that of the largest shards, and 16 bytes per object.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from worker.core.errors import OBJECT_ERRORS
from worker.core.formats import name_of
from worker.ledger import (
    FailureKind,
    ShardSummary,
    StatusLine,
    folded,
    hashes_in,
    kind_of,
    parts_of,
    read_parts,
    read_summaries,
)
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
    """The state of an output of renders, a data set or a place of downloads."""

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
    """By kind of device ("optix", "cpu", …): hours of rendering, failed attempts included.
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
    for shard, summary in read_summaries(store):
        done[shard] = count.add(shard, summary)
    return count.status(done, totals, objects, kinds, count.duplicates(store))


class _Count:
    """Sums over the shards read so far."""

    def __init__(self) -> None:
        self._rate = Rate()
        self._outcomes: Counter[str] = Counter()
        self._new = array("Q")
        self._others = array("Q")
        """Hashes of uids: `_new` with outcome "new" in some shard, `_others` with another one."""
        self._codes: Counter[str] = Counter()
        self._retryable = 0
        self._beside = 0
        self._incomplete = 0
        self._undecodable = 0
        self._patterns: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], FailureKind] = {}
        self._render_s: defaultdict[str, float] = defaultdict(float)
        self._lacking = Counter[str]()
        self._least_seen = Extremes()
        self._slowest = Extremes(greatest=True)
        self._most_missing = Extremes(greatest=True)
        self._hashes = array("Q")
        self._ends: list[tuple[str, int]] = []
        """Each shard with hashes, and how many there were after it."""

    def add(self, shard: str, found: ShardSummary) -> int:
        """Count the outcomes of a shard; returns how many of its indexed objects are settled."""
        self._outcomes.update(found.outcomes)
        self._rate.add(found.minutes)
        for device, seconds in found.render_s.items():
            self._render_s[device] += seconds
        self._beside += found.beside_done
        self._incomplete += found.incomplete
        self._undecodable += found.undecodable
        self._lacking["textures"] += found.missing_textures
        self._lacking["blank"] += found.blank
        self._lacking["cropped"] += found.cropped
        self._least_seen.add(found.least_seen, shard)
        self._slowest.add(found.slowest, shard)
        self._most_missing.add(found.most_missing, shard)
        self._new.frombytes(hashes_in(found.new).tobytes())
        self._others.frombytes(hashes_in(found.others).tobytes())
        if found.phashes:
            self._hashes.frombytes(hashes_in(found.phashes).tobytes())
            self._ends.append((shard, len(self._hashes)))
        open_ones = sum(map(self._fail, found.failures))
        if len(self._patterns) > MAX_PATTERNS:  # only the most frequent are shown
            self._patterns = Counter(dict(self._patterns.most_common(MAX_PATTERNS // 2)))
            self._examples = {kind: self._examples[kind] for kind in self._patterns}
        return sum(found.outcomes.values()) - found.beside - open_ones

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
                Failure(kind[0], count, example.message, example.uid, example.name)
                for kind, count in self._patterns.most_common(TOP_FAILURES)
                for example in (self._examples[kind],)
            ),
        )

    def _fail(self, found: FailureKind) -> int:
        """Count failed objects; returns how many of the index's objects among them are open."""
        kind = kind_of(found.code, found.message)
        self._codes[found.code] += found.count
        self._patterns[kind] += found.count
        self._examples.setdefault(kind, found)
        error = OBJECT_ERRORS.get(found.code)
        if error is None or not error.retryable:
            return 0
        self._retryable += found.count
        return found.listed


def _with_hashes(store: Store, shard: str, hashes: Collection[int]) -> list[Notable]:
    """The rendered objects of a shard that have one of these hashes. Raises: StoreError."""
    parts = read_parts(store, parts_of(store, shard), StatusLine)
    return [
        Notable(name_of(line.file_identifier), line.uid, shard, line.coverage_min or 0.0)
        for line in folded(lines for _, lines in parts).values()
        if line.outcome == "rendered" and duplicates.number(line.phash) in hashes
    ]


def to_dict(status: Status) -> dict[str, Any]:
    """The status as JSON values."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(status))
    return plain
