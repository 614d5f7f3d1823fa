"""Statistics of an object's views, for finding bad renders without opening them.

They describe the view's picture as it is stored in the zip: the colour image, or without one the
albedo image. Without either, only coverage and touches_border are known. The object's pixels are
those that `worker.pack.coverage` counts.

Of each view:

coverage         share of the frame's pixels that are the object's, 0 to 1
touches_border   whether a pixel of the frame's outermost rows and columns is the object's
brightness_mean  mean luma of the object's pixels, 0 to 1. Luma is 0.2126 R + 0.7152 G + 0.0722 B of
                 the stored sRGB values / 255, straight, that is before any alpha is applied
brightness_std   standard deviation of their luma (of the population)
clipped          share of the object's pixels in which R, G or B is 255
black            share of the object's pixels in which R, G and B are 0
phash            `worker.pack.phash` of the picture, on white if it is transparent

The last five are absent from a view that shows no pixel of the object.

Of the object, over its views:

coverage_min, coverage_mean
brightness_mean, brightness_std  means of the views' values
clipped_max, black_max           maxima
blank_views, border_views        numbers of views without a pixel of the object, and that it touches
phash                            `phash.steady` of the views' pictures

Pixels are counted and added as integers, so that the numbers do not depend on the CPU.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.pack import coverage, phash
from worker.pack.coverage import DIGITS, Coverage

PICTURES: Final = ("colour", "albedo")
"""The image kinds that are measured; the first one that a recipe has."""
_RED, _GREEN, _BLUE = 2126, 7152, 722
"""The weights of luma in ten-thousandths (Rec. 709, as for sRGB)."""
_TOP: Final = 255
_WHITE: Final = _TOP * (_RED + _GREEN + _BLUE)
_PART: Final = 1 << 20


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What the picture of a view looks like; see the module."""

    brightness_mean: float
    brightness_std: float
    clipped: float
    black: float
    greys: NDArray[np.uint8]
    """(32, 32), see `phash.greys`."""


class ViewStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The statistics of one view; see the module."""

    coverage: float
    touches_border: bool
    look: Look | None
    """None without a picture, or if no pixel is the object's."""


class ObjectStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The statistics of an object's views together; see the module."""

    coverage_min: float
    coverage_mean: float
    blank_views: int
    border_views: int
    brightness_mean: float | None = None
    brightness_std: float | None = None
    clipped_max: float | None = None
    black_max: float | None = None
    phash: str | None = None


def of_views(shown: NDArray[np.bool_], pictures: NDArray[np.uint8] | None) -> list[ViewStatistics]:
    """Measure views of one size.

    shown: (views, height, width), which pixels are the object's.
    pictures: (views, height, width, 3 or 4), sRGB.
    """
    counts = np.count_nonzero(shown, axis=(1, 2)).tolist()
    shares = [coverage.share(count, shown[0].size) for count in counts]
    border = np.zeros(len(shown), np.bool_)
    for edge in (shown[:, 0], shown[:, -1], shown[:, :, 0], shown[:, :, -1]):
        border |= edge.any(axis=1)
    looks: list[Look | None] = [None] * len(shown)
    if pictures is not None and any(counts):
        looks = _looks(shown, counts, pictures)
    return [
        ViewStatistics(coverage=share, touches_border=touches, look=look if share else None)
        for share, touches, look in zip(shares, border.tolist(), looks, strict=True)
    ]


def _looks(
    shown: NDArray[np.bool_], counts: Sequence[int], pictures: NDArray[np.uint8]
) -> list[Look | None]:
    """The looks of views, of which `counts` pixels each are the object's; None of no pixel."""
    red, green, blue = (pictures[..., channel][shown] for channel in range(3))
    luma = red.astype(np.int32) * _RED + green.astype(np.int32) * _GREEN
    luma += blue.astype(np.int32) * _BLUE
    views = _Parts(counts)
    means = [total / max(1, count) for total, count in zip(views.sums(luma), counts, strict=True)]
    about = [round(mean) for mean in means]
    luma -= np.repeat(np.array(about, np.int32), counts)
    squares = views.sums(np.multiply(luma, luma, dtype=np.int64))
    clipped = views.sums((red == _TOP) | (green == _TOP) | (blue == _TOP))
    black = views.sums((red | green | blue) == 0)
    greys = phash.greys(pictures)
    return [
        Look(
            brightness_mean=round(means[view] / _WHITE, DIGITS),
            brightness_std=round(
                math.sqrt(max(squares[view] / count - (means[view] - about[view]) ** 2, 0.0))
                / _WHITE,
                DIGITS,
            ),
            clipped=round(clipped[view] / count, DIGITS),
            black=round(black[view] / count, DIGITS),
            greys=greys[view],
        )
        if count
        else None
        for view, count in enumerate(counts)
    ]


class _Parts:
    """Adds up what the views' pixels have, one view after another in an array."""

    def __init__(self, counts: Sequence[int]) -> None:
        # 64 bits hold the squares of _PART pixels of any luma; Python's integers add up the parts.
        ends = itertools.accumulate(counts)
        self._starts = [
            list(range(end - count, end, _PART)) for end, count in zip(ends, counts, strict=True)
        ]

    def sums(self, values: NDArray[Any]) -> list[int]:
        """The sum of each view's values; 0 for a view of no pixel."""
        starts = list(itertools.chain.from_iterable(self._starts))
        if not starts:
            return [0] * len(self._starts)
        parts = iter(np.add.reduceat(values, starts, dtype=np.int64).tolist())
        return [sum(itertools.islice(parts, len(own))) for own in self._starts]


def of_object(views: Mapping[str, ViewStatistics], covered: Coverage) -> ObjectStatistics:
    """Summarise the views of an object, at least one of which shows it."""
    looks = [view.look for view in views.values() if view.look is not None]
    bare = ObjectStatistics(
        coverage_min=covered.least,
        coverage_mean=covered.mean,
        blank_views=sum(not view.coverage for view in views.values()),
        border_views=sum(view.touches_border for view in views.values()),
    )
    if not looks:
        return bare
    return msgspec.structs.replace(
        bare,
        brightness_mean=round(fmean(look.brightness_mean for look in looks), DIGITS),
        brightness_std=round(fmean(look.brightness_std for look in looks), DIGITS),
        clipped_max=max(look.clipped for look in looks),
        black_max=max(look.black for look in looks),
        phash=phash.steady([look.greys for look in looks]),
    )


def describe(
    views: Mapping[str, ViewStatistics], whole: ObjectStatistics, picture: str | None
) -> dict[str, Any]:
    """The statistics for ``metadata.json``: {"picture", "views", "object"}; absent values left out.

    picture: the image kind that was measured.
    """
    return {
        "picture": picture,
        "views": {name: _told(view) for name, view in views.items()},
        "object": {name: value for name, value in msgspec.structs.asdict(whole).items()
                   if value is not None},
    }  # fmt: skip


def _told(view: ViewStatistics) -> dict[str, Any]:
    document: dict[str, Any] = {"coverage": view.coverage, "touches_border": view.touches_border}
    if view.look is not None:
        look = msgspec.structs.asdict(view.look)
        document |= {"phash": phash.of(look.pop("greys")), **look}
    return document
