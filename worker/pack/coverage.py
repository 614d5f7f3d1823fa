"""Measures how much of each view the object covers, and explains why no view shows it.

Coverage is the share of the frame's pixels in which the object is visible. A pixel counts if its
alpha, stored in 8 bits, is not 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from statistics import fmean
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.contract import render_passes
from worker.contract.protocol import View
from worker.core.errors import Empty
from worker.pack.placement import Placement
from worker.pack.raw import Passes

LEAST_ALPHA: Final = 0.5 / 255.0
DIGITS: Final = 6


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The minimum and the mean of the coverage over an object's views, 0 to 1."""

    least: float
    mean: float


def shown(raw: Passes) -> NDArray[np.bool_]:
    """Return which pixels show the object, (height, width). Raises: RenderFailed."""
    visible: NDArray[np.bool_] = raw.layer(render_passes.COMBINED)[..., 3] >= LEAST_ALPHA
    return visible


def share(count: int, pixels: int) -> float:
    """Return the coverage of a view, 0 to 1, of whose pixels `count` show the object."""
    return round(count / pixels, DIGITS)


def summary(by_view: Mapping[str, float], views: Sequence[View], placement: Placement) -> Coverage:
    """Summarise the coverage of an object over its views.

    Raises: Empty, with the reason, if no view shows a pixel of the object.
    """
    shares = list(by_view.values())
    if not any(shares):
        raise Empty(f"no view shows a pixel of the object: {_why(views, placement)}")
    return Coverage(least=min(shares), mean=round(fmean(shares), DIGITS))


def _why(views: Sequence[View], placement: Placement) -> str:
    outside = sum(not _sees_box(view, placement) for view in views)
    if outside == len(views):
        return "it lies outside every view"
    reason = (
        "what is in view is transparent, smaller than a pixel, has zero area, or shows only backs "
        "that the file hides (subject.backfaces)"
    )
    return f"it lies outside {outside} of {len(views)} views; {reason}" if outside else reason


def _sees_box(view: View, placement: Placement) -> bool:
    """Whether no single side of the frame excludes the whole bounding box of the object."""
    corners = np.array(list(product(*zip(placement.low, placement.high, strict=True))))
    pose, k = np.array(view.camera_to_world), np.array(view.intrinsics)
    local = (corners - pose[:3, 3]) @ pose[:3, :3]
    depth = -local[:, 2] if view.projection == "perspective" else np.ones(len(local))
    u = k[0, 0] * local[:, 0] + k[0, 2] * depth
    v = -k[1, 1] * local[:, 1] + k[1, 2] * depth
    sides = (u < 0, u > view.width * depth, v < 0, v > view.height * depth)
    return not ((depth <= 0).all() or any(side.all() for side in sides))
