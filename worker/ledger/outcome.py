"""A line of the ledger: how one attempt at an object ended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import uuid4

import msgspec

from worker.core.errors import OBJECT_ERRORS, ObjectError, ObjectInterrupted, UsageError
from worker.core.ranks import Rank
from worker.index.record import ObjectRef
from worker.pack.result import PackedObject
from worker.sources.base import KeptObject

ALL: Final = "all"
LOST: Final = "lost"
"""Not a failure code: selects rendered objects whose zip is missing or truncated, and
fetched ones whose archive is missing or changed."""

Bytes = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
Kind = Literal["rendered", "exported", "fetched", "new", "failed"]
DONE: Final = frozenset({"rendered", "exported", "fetched"})
STATISTICS: Final = (
    "coverage_min", "coverage_mean", "brightness_mean", "clipped_max", "black_max", "blank_views",
    "border_views", "phash",
)  # fmt: skip
"""The fields of a rendered object's line that are fields of `ObjectStatistics`."""


def rank_prefix(rank: int) -> str:
    """What the names of a rank's workers begin with."""
    return f"r{rank:06d}-"


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """The worker process that writes a line, its rank, Blender version and device."""

    worker: str
    rank: int
    world: int
    blender: str
    device: str
    children_per_device: int = 1

    @classmethod
    def of(cls, rank: Rank, blender: str, device: str, children_per_device: int = 1) -> Author:
        """An author with a new, unique `worker` name; names sort by rank, then by start time."""
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        worker = f"{rank_prefix(rank.rank)}{now}-{uuid4().hex[:8]}"
        return cls(
            worker=worker, rank=rank.rank, world=rank.world, blender=blender, device=device,
            children_per_device=children_per_device,
        )  # fmt: skip


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of an outcome needed for folding and counting; decoding them is twice as fast."""

    uid: str
    outcome: Kind
    code: str | None = None
    """A key of `errors.OBJECT_ERRORS` if the outcome is "failed", else None."""
    message: str | None = None
    listed: bool = True
    """Whether the index names it; else a repository was found to hold it."""
    missing: int = 0
    """Of a rendered object: number of files that it names and that do not exist."""
    undecodable: int = 0
    """Of a rendered object: number of files that exist and that Blender cannot decode."""
    time: str
    """End of the attempt, RFC 3339 in UTC with milliseconds; sorts as text."""

    @property
    def done(self) -> bool:
        """Whether the object was rendered, exported or fetched."""
        return self.outcome in DONE

    @property
    def interrupted(self) -> bool:
        """Whether the worker was stopped before it had finished the object."""
        return self.code == ObjectInterrupted.code

    @property
    def retryable(self) -> bool:
        """Whether the next run retries the object by default."""
        error = OBJECT_ERRORS.get(self.code or "")
        return error is not None and error.retryable


class Seconds(msgspec.Struct, frozen=True, gc=False):
    """`Outcome.seconds`, of a run or an export."""

    fetch: float = 0.0
    render: float = 0.0
    pack: float = 0.0
    export: float = 0.0
    publish: float = 0.0

    @property
    def total(self) -> float:
        """All steps together."""
        return self.fetch + self.worked

    @property
    def worked(self) -> float:
        """All steps but the download, after which an object may wait."""
        return self.render + self.pack + self.export + self.publish


class StatusLine(LedgerLine, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The fields of an outcome that `status` needs."""

    file_identifier: str = ""
    size: Bytes | None = None
    missing_textures: int | None = None
    coverage_min: float | None = None
    blank_views: int | None = None
    border_views: int | None = None
    phash: str | None = None
    seconds: Seconds = Seconds()
    device: str = ""
    children_per_device: int = 1


class Outcome(LedgerLine, frozen=True, kw_only=True, omit_defaults=True):
    """How one attempt at an object ended, with all fields of a line of the ledger."""

    file_identifier: str
    shard: str
    source: str | None = None
    """As in the index, like `license`; None for what older versions rendered, whose zip has it."""
    license: str | None = None
    category: str | None = None
    """See `ObjectRef.category`."""
    step: str | None = None
    """The step that failed: fetch, render, pack or publish; for a data set, export or publish."""
    log_tail: tuple[str, ...] = ()
    sha256: str | None = None
    """Hex sha256 of the zip."""
    size: Bytes | None = None
    """Size of the zip in bytes; for a data set, of the object's own files."""
    folder: str | None = None
    """For a data set in which the object has files of its own: the folder of the first of them."""
    kept: tuple[KeptObject, ...] = ()
    """Of a fetched object: what was kept of it; of a range of scenes, of each member."""
    views: int | None = None
    missing_textures: int | None = None
    """Textures that do not exist or cannot be decoded; None for what older versions rendered."""
    coverage_min: float | None = None
    """Of a rendered object's views: the least share of the pixels that show it, 0 to 1."""
    coverage_mean: float | None = None
    """As `coverage_min`: the mean."""
    brightness_mean: float | None = None
    """This and the next five as in `worker.pack.statistics`; None without a picture of views."""
    clipped_max: float | None = None
    black_max: float | None = None
    blank_views: int | None = None
    border_views: int | None = None
    phash: str | None = None
    seconds: dict[str, float] = {}
    """Duration of each step in seconds."""
    attempt: int = 1
    """Number of the attempt at this object, counted from 1 over all runs."""
    worker: str = ""
    rank: int = 0
    world: int = 1
    blender: str = ""
    device: str = ""
    children_per_device: int = 1
    """Blender processes that share a device."""

    @classmethod
    def rendered(
        cls,
        ref: ObjectRef,
        shard: str,
        author: Author,
        *,
        packed: PackedObject,
        seconds: dict[str, float],
        attempt: int,
        listed: bool = True,
    ) -> Outcome:
        """The outcome of an object whose zip is in the store."""
        seen = packed.statistics
        return cls(
            **_common(ref, shard, author, "rendered"),
            sha256=packed.sha256, size=packed.size, views=packed.views,
            missing=packed.missing, undecodable=packed.undecodable,
            missing_textures=packed.missing_textures,
            source=ref.source or None, license=ref.license, category=ref.category,
            **({} if seen is None else {name: getattr(seen, name) for name in STATISTICS}),
            seconds=seconds, attempt=attempt, listed=listed,
        )  # fmt: skip

    @classmethod
    def exported(
        cls,
        ref: ObjectRef,
        shard: str,
        author: Author,
        *,
        size: int | None,
        views: int | None,
        folder: str | None = None,
        seconds: dict[str, float],
        attempt: int,
    ) -> Outcome:
        """The outcome of an object that is in a data set.

        size: bytes of the files that only this object uses; folder: where the first of these is.
        """
        return cls(
            **_common(ref, shard, author, "exported"),
            size=size, views=views, folder=folder, seconds=seconds, attempt=attempt,
        )  # fmt: skip

    @classmethod
    def fetched(
        cls,
        ref: ObjectRef,
        shard: str,
        author: Author,
        *,
        kept: tuple[KeptObject, ...],
        seconds: dict[str, float],
        attempt: int,
    ) -> Outcome:
        """The outcome of an object that is in a place of downloads."""
        return cls(
            **_common(ref, shard, author, "fetched"),
            size=sum(each.size for each in kept), kept=kept, seconds=seconds, attempt=attempt,
        )  # fmt: skip

    @classmethod
    def failed(
        cls,
        ref: ObjectRef,
        shard: str,
        author: Author,
        *,
        error: ObjectError,
        seconds: dict[str, float],
        attempt: int,
        listed: bool = True,
    ) -> Outcome:
        """The outcome of an object that failed with `error`."""
        return cls(
            **_common(ref, shard, author, "failed"),
            source=ref.source or None, license=ref.license, category=ref.category,
            code=error.code, step=error.step, message=str(error), log_tail=tuple(error.log_tail),
            seconds=seconds, attempt=attempt, listed=listed,
        )  # fmt: skip

    @classmethod
    def new(cls, ref: ObjectRef, shard: str, author: Author) -> Outcome:
        """The outcome of a discovered object, which the index does not name and no run rendered."""
        return cls(
            **_common(ref, shard, author, "new"),
            source=ref.source or None, license=ref.license, category=ref.category, listed=False,
        )  # fmt: skip


def _common(ref: ObjectRef, shard: str, author: Author, outcome: Kind) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "uid": ref.uid, "file_identifier": ref.file_identifier, "shard": shard,
        "outcome": outcome, "time": now,
        **msgspec.structs.asdict(author),
    }  # fmt: skip


def codes_to_retry(codes: Collection[str]) -> frozenset[str]:
    """Check the codes of --retry, for `settled`. Raises: UsageError, for an unknown one."""
    known = (ALL, LOST, *OBJECT_ERRORS)
    for code in codes:
        if code not in known:
            raise UsageError(f"--retry {code}: unknown failure code; known: {', '.join(known)}")
    return frozenset(codes)


def settled(outcome: LedgerLine, retry: frozenset[str]) -> bool:
    """Whether the next run skips the object.

    It retries transient failures, and those whose code is in `retry`, or all if "all" is in it.
    """
    if outcome.outcome != "failed":
        return True
    return not (outcome.retryable or ALL in retry or outcome.code in retry)
