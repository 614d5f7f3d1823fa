"""What a run of a whole list will take, from the outcomes of a sample of it.

Time is wall time of one worker such as the one that rendered the sample, from the start of the
first render to the end of the last object, without the start of Blender, and without the wait of
some children for the last objects of others: with few objects a child, that is much of a sample and
little of a run. An object's cost is its share of that time, by the seconds of its steps. The spread
is the range of 90 % of the means of samples that are drawn anew from these costs (the bootstrap).
It is wider for a small sample, as Student's t is wider than the normal distribution, and narrower
the more of the list is in the sample. One object of several says nothing about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.ledger import Outcome
from worker.ledger.writer import FLUSH_COUNT, FLUSH_S
from worker.run.pipeline import BEGUN_AHEAD

RESAMPLES: Final = 2000
LOW, HIGH = 0.05, 0.95
NORMAL: Final = 1.6449
"""The quantile HIGH of the normal distribution."""
T_DRAWS: Final = 200_000
"""Draws of Student's t that its quantile is taken from."""
PER_ZIP: Final = 2
"""Requests to store a zip: one creates it, one verifies it."""
PER_SHARD: Final = 6
"""Requests of a shard: one reads it, one lists and one empties its notes, two list its ledger,
before and after, one stores its summary."""
TO_START: Final = 10
"""Requests to check the output and to bind it."""


class Range(msgspec.Struct, frozen=True):
    """An estimate, and the range that 90 % of samples would give; None if it is not known."""

    mean: float
    low: float | None
    high: float | None


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of the list will take with one worker like this one."""

    objects: int
    """Objects of the list."""
    sample: int
    """Objects of the sample."""
    failed: dict[str, int]
    """Of these, those that failed, by code."""
    device: str
    start_s: float
    """Seconds before the first render: starting, downloading and Blender."""
    seconds_per_object: Range
    objects_per_hour: Range
    hours: Range
    device_hours: Range
    """Hours of rendering of the device: those of its processes, by their share of it."""
    bytes: Range
    """Size of all zips."""
    requests: int
    """Requests to an S3 store of the zips."""
    output: str | None
    """Where the sample's zips are, if they were kept."""


def estimated(
    outcomes: Sequence[Outcome], *, objects: int, shards: int, wall_s: float, output: str | None
) -> Estimate:
    """Estimate from the outcomes of a sample, at least one.

    objects, shards: of the whole list. wall_s: seconds that the sample took, start-up included.
    """
    count = len(outcomes)
    work = np.array([sum(each.seconds.values()) for each in outcomes])
    rendering = np.array(
        [each.seconds.get("render", 0.0) / each.children_per_device for each in outcomes]
    )
    sizes = np.array([float(each.size or 0) for each in outcomes])
    span = min(_span(outcomes), wall_s)
    busy = span if count >= objects else _busy(span, outcomes)
    costs = work * (busy / work.sum()) if work.any() else np.full(count, busy / count)
    left_out = (1 - min(1.0, count / objects)) ** 0.5
    each = _range(costs, left_out)
    whole = _times(each, objects / 3600)
    rendered = sum(one.outcome == "rendered" for one in outcomes) / count
    parts = max(objects / FLUSH_COUNT, each.mean * objects / FLUSH_S) + shards
    notes = max(shards, objects / BEGUN_AHEAD)
    stores = PER_ZIP * rendered * objects + PER_SHARD * shards + parts + notes
    return Estimate(
        objects=objects,
        sample=count,
        failed=dict(Counter(one.code or "?" for one in outcomes if one.outcome == "failed")),
        device=outcomes[0].device,
        start_s=round(wall_s - span, 3),
        seconds_per_object=each,
        objects_per_hour=Range(
            3600 / max(each.mean, 1e-9), _an_hour(each.high), _an_hour(each.low)
        ),
        hours=whole,
        device_hours=_times(_range(rendering, left_out), objects / 3600),
        bytes=_whole(_times(_range(sizes, left_out), objects)),
        requests=round(TO_START + stores),
        output=output,
    )


def _span(outcomes: Sequence[Outcome]) -> float:
    """Seconds from the start of the first render to the end of the last object."""
    ends = [datetime.fromisoformat(each.time).timestamp() for each in outcomes]
    begins = [
        end - sum(spent for step, spent in each.seconds.items() if step != "fetch")
        for end, each in zip(ends, outcomes, strict=True)
    ]
    return max(max(ends) - min(begins), 1e-3)


def _busy(span: float, outcomes: Sequence[Outcome]) -> float:
    """`span` seconds, less those in which some children wait for the last objects of others."""
    rendered = [each.seconds.get("render", 0.0) for each in outcomes]
    children = max(each.children_per_device for each in outcomes)
    waiting = max(rendered) * (1 - 1 / children)  # at most
    return min(span, max(sum(rendered) / children, span - waiting))


def _range(values: NDArray[np.float64], left_out: float) -> Range:
    """The mean of `values` and its spread; `left_out` is 0 if they are all there are."""
    mean = float(values.mean())
    if not left_out or not mean:
        return Range(mean, mean, mean)
    count = len(values)
    if count == 1:
        return Range(mean, None, None)
    draws = np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
    means = values[draws].mean(axis=1)
    wider = left_out * _student(count - 1) / NORMAL * (count / (count - 1)) ** 0.5
    # As ratios, so that no end of a wide range is below 0.
    low, high = (mean * (float(np.quantile(means, at)) / mean) ** wider for at in (LOW, HIGH))
    if low > 0:  # small samples seldom have the few objects that take long
        high = max(high, mean * mean / low)
    return Range(mean, min(low, mean), max(high, mean))


@lru_cache
def _student(freedom: int) -> float:
    """The quantile HIGH of Student's t."""
    return float(np.quantile(np.random.default_rng(0).standard_t(freedom, T_DRAWS), HIGH))


def _an_hour(seconds: float | None) -> float | None:
    return None if seconds is None else 3600 / max(seconds, 1e-9)


def _times(of_one: Range, factor: float) -> Range:
    ends = (None if end is None else end * factor for end in (of_one.low, of_one.high))
    return Range(of_one.mean * factor, *ends)


def _whole(found: Range) -> Range:
    """`found` in whole numbers; multiplying left a fraction."""
    ends = (None if end is None else float(round(end)) for end in (found.low, found.high))
    return Range(float(round(found.mean)), *ends)
