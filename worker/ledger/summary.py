"""What `status` needs of a shard, without its lines: counts, minutes, extremes, hashes.

The status of an output is made of the summaries of its shards alone, wherever they come from: a
stored summary (`summaries`) and one that is made now from the same lines are equal.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.core import keys
from worker.core.formats import name_of
from worker.ledger.failure_kinds import kind_of
from worker.ledger.outcome import StatusLine
from worker.ledger.reader import fold
from worker.pack import duplicates

KEPT: Final = 10
"""Objects of each sort of extremes."""
HASH: Final = np.dtype("<u8")
"""Of each hash in a summary."""
SIZE: Final = np.dtype("<u8")
"""Of each size in a summary."""
UID_LENGTH: Final = 36
UID_DASHES: Final = 4

_UIDS: Final = re.compile(rf"(?:{keys.UID_PATTERN.pattern}\n)*+")  # possessive: no memory
_OUTCOME: Final = attrgetter("outcome")
_MISSING: Final = attrgetter("missing")
_UNDECODABLE: Final = attrgetter("undecodable")
_NONE: Final = StatusLine(uid="", outcome="new", time="")
"""Before the first line."""


class Minute(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The attempts that ended in one minute."""

    first: str
    last: str
    """When the first and the last of them ended, RFC 3339."""
    first_s: float
    """Seconds that the first one took, without its download."""
    ended: int


class Extreme(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One object and the value that makes it notable."""

    value: float
    uid: str
    name: str


class FailureKind(msgspec.Struct, frozen=True):
    """Failed objects whose messages differ in particulars only; the first of them."""

    code: str
    count: int
    listed: int
    """How many of them the index names."""
    message: str
    uid: str
    name: str


class ShardSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of objects, the last outcome counts; `minutes` and `render_s` have every attempt."""

    outcomes: dict[str, int]
    """Number of objects by outcome."""
    beside: int = 0
    """Objects that the index does not name, and how many of them are done."""
    beside_done: int = 0
    incomplete: int = 0
    """This and the next four: objects with such a fault, as in the status."""
    undecodable: int = 0
    missing_textures: int = 0
    blank: int = 0
    cropped: int = 0
    failures: tuple[FailureKind, ...] = ()
    """In the order of their first objects."""
    minutes: tuple[Minute, ...] = ()
    render_s: dict[str, float] = {}
    """By kind of device: seconds of rendering, of a shared device the share."""
    least_seen: tuple[Extreme, ...] = ()
    """The KEPT rendered objects with the least coverage; of equal ones, the first."""
    slowest: tuple[Extreme, ...] = ()
    most_missing: tuple[Extreme, ...] = ()
    phashes: bytes = b""
    """HASH: the perceptual hashes of rendered objects."""
    zips: bytes = b""
    """SIZE: of each object, sorted by uid: 1 + the bytes of its zip, or 0 if it is not rendered.
    Objects whose uid is none are left out, as exports leave them out."""
    new: bytes = b""
    """HASH: of the uids of objects with outcome "new"."""
    others: bytes = b""
    """HASH: of all other uids."""


def summary_of(parts: Iterable[Collection[StatusLine]]) -> ShardSummary:
    """The summary of the lines of a shard, part by part."""
    # Few lines of Python for each of millions of rendered objects: see docs/performance.md.
    folded: dict[str, StatusLine] = {}
    beside: set[str] = set()
    minutes: dict[str, Minute] = {}
    render_s: defaultdict[str, float] = defaultdict(float)
    for part in parts:
        _clock(part, minutes, render_s)
        fold(folded, part)
        beside.update(line.uid for line in part if not line.listed or line.outcome == "new")
    lines = folded.values()
    rendered = [line for line in lines if line.outcome == "rendered"]
    rest = [] if len(rendered) == len(lines) else [line for line in lines if not line.done]
    new = [line.uid for line in rest if line.outcome == "new"]
    hashes = (duplicates.number(line.phash) for line in rendered)
    return ShardSummary(
        outcomes=dict(Counter(map(_OUTCOME, lines))),
        beside=len(beside),
        beside_done=sum(folded[uid].done for uid in beside),
        incomplete=sum(map(bool, map(_MISSING, lines))),
        undecodable=sum(map(bool, map(_UNDECODABLE, lines))),
        missing_textures=sum(bool(line.missing_textures) for line in rendered),
        blank=sum(bool(line.blank_views) for line in rendered),
        cropped=sum(bool(line.border_views) for line in rendered),
        failures=_failures((line for line in rest if line.outcome == "failed"), beside),
        minutes=tuple(minutes.values()),
        render_s=dict(render_s),
        least_seen=_extremes(rendered, attrgetter("coverage_min")),
        slowest=_extremes(rendered, _total, greatest=True),
        most_missing=_extremes(rendered, lambda line: line.missing or None, greatest=True),
        phashes=_bytes(array("Q", (found for found in hashes if found is not None))),
        zips=_sizes(folded),
        new=_heads(new),
        others=_heads([line.uid for line in lines if line.outcome != "new"] if new else [*folded]),
    )


def hashes_in(found: bytes) -> NDArray[np.uint64]:
    """The hashes of `ShardSummary.phashes`, `new` or `others`."""
    return np.frombuffer(found, HASH).astype(np.uint64, copy=False)


def sizes_in(found: bytes) -> NDArray[np.int64]:
    """The sizes of `ShardSummary.zips`, by uid; -1 for objects that are not rendered."""
    return np.frombuffer(found, SIZE).astype(np.int64) - 1


def _clock(
    lines: Iterable[StatusLine], minutes: dict[str, Minute], render_s: defaultdict[str, float]
) -> None:
    """Count every attempt by its minute, and the seconds of its device."""
    name, first, last, ended = "", _NONE, "", 0
    for line in lines:
        if line.device:
            render_s[line.device] += line.seconds.render / (line.children_per_device or 1)
        time = line.time
        if time[:16] != name:
            _add(minutes, name, first, last, ended)
            name, first, last, ended = time[:16], line, time, 0
        elif time < first.time:
            first = line
        elif time > last:
            last = time
        ended += 1
    _add(minutes, name, first, last, ended)


def _add(minutes: dict[str, Minute], name: str, first: StatusLine, last: str, ended: int) -> None:
    """Add attempts of one minute, of which `first` ended first."""
    if ended:
        found = Minute(first.time, last, first.seconds.worked, ended)
        before = minutes.get(name)
        minutes[name] = found if before is None else joined(before, found)


def joined(before: Minute, found: Minute) -> Minute:
    """Both as one; of two attempts that ended first together, the one in `before` counts."""
    first = found if found.first < before.first else before
    return Minute(
        first.first, max(before.last, found.last), first.first_s, before.ended + found.ended
    )


def _failures(lines: Iterable[StatusLine], beside: Collection[str]) -> tuple[FailureKind, ...]:
    kinds: dict[tuple[str, str], list[StatusLine]] = {}
    for line in lines:
        kinds.setdefault(kind_of(line.code or "?", line.message or ""), []).append(line)
    return tuple(
        FailureKind(
            code, len(found), sum(line.uid not in beside for line in found),
            found[0].message or "", found[0].uid, name_of(found[0].file_identifier),
        )
        for (code, _), found in kinds.items()
    )  # fmt: skip


def _extremes(
    lines: Sequence[StatusLine], value: Callable[[StatusLine], Any], *, greatest: bool = False
) -> tuple[Extreme, ...]:
    values = [*map(value, lines)]
    places = [place for place, found in enumerate(values) if found is not None]
    places.sort(key=values.__getitem__, reverse=greatest)  # of equal ones, the first stay first
    return tuple(
        Extreme(float(values[place]), lines[place].uid, name_of(lines[place].file_identifier))
        for place in places[:KEPT]
    )


def _total(line: StatusLine) -> float:
    spent = line.seconds  # `Seconds.total`, in a third of its time
    return spent.fetch + spent.render + spent.pack + spent.export + spent.publish


def _sizes(folded: Mapping[str, StatusLine]) -> bytes:
    uids = sorted(folded)
    text = "\n".join([*uids, ""])
    if not (_UIDS.fullmatch(text) and len(text) == (UID_LENGTH + 1) * len(uids)):
        uids = [uid for uid in uids if keys.UID_PATTERN.fullmatch(uid)]
    lines = map(folded.__getitem__, uids)
    sizes = [1 + (line.size or 0) if line.outcome == "rendered" else 0 for line in lines]
    return np.array(sizes, SIZE).tobytes()


def _heads(uids: list[str]) -> bytes:
    """HASH of each uid: the first half of its digits."""
    if {*map(len, uids)} == {UID_LENGTH} and all(uid.count("-") == UID_DASHES for uid in uids):
        with contextlib.suppress(ValueError):  # of those that are no uids
            digits = bytes.fromhex("".join(uids).replace("-", ""))
            return _bytes(np.frombuffer(digits, HASH).reshape(len(uids), 2)[:, 0])
    if len(uids) != 1:
        return b"".join(_heads([uid]) for uid in uids)
    body = uids[0].encode(errors="surrogatepass")
    return hashlib.blake2b(body, digest_size=HASH.itemsize).digest()


def _bytes(hashes: array[int] | NDArray[np.uint64]) -> bytes:
    return np.asarray(hashes).astype(HASH, copy=False).tobytes()
