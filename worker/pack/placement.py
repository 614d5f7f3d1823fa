"""Where the object stands in the world of its cameras, and how it got there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
import numpy as np

from worker.contract.recipe import Subject
from worker.core.errors import RenderFailed
from worker.pack.views import BOUND

Triple = tuple[float, float, float]


class _Told(msgspec.Struct, frozen=True):
    bbox_min: Triple
    bbox_max: Triple
    scale: float
    offset: Triple


# Describes the type before there are threads: two that are the first to convert to it at the same
# time crash msgspec.
_TOLD: Final = msgspec.json.Decoder(_Told)

_UNITS: Final = {
    "unit-cube": "longest side of the object's bounding box",
    "unit-sphere": "distance of the object's farthest vertex from its bounding box's centre",
    "none": "the file's unit, as the importer takes it",
}
"""What a length of 1 is in the world, by the recipe's `subject.normalise`, at `size` 1."""


def unit(subject: Subject) -> str:
    """What a length of 1 is in the world, in words."""
    told = _UNITS[subject.normalise]
    return told if subject.size == 1.0 else f"{told}, divided by {subject.size:g}"


class Placement(msgspec.Struct, frozen=True):
    """A point of the imported file is at ``point * scale + offset`` in the world."""

    scale: float
    offset: Triple
    low: Triple
    high: Triple
    """Corners of the object's bounding box in the world."""


def of(scene: Mapping[str, Any]) -> Placement:
    """From what the child tells of the scene. Raises: RenderFailed, where that makes no sense."""
    try:
        told = msgspec.convert({**scene["scene_size"], **scene["placement"]}, _Told, strict=True)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise RenderFailed(
            f"the child's answer does not say where the object is: {error}"
        ) from error
    ends = np.stack([told.bbox_min, told.bbox_max]) * told.scale + told.offset
    low, high = (cast("Triple", tuple(end)) for end in ends.tolist())
    if not possible(told.scale, told.offset, low, high):
        raise RenderFailed("the child's answer puts the object nowhere")
    return Placement(told.scale, told.offset, low, high)


def possible(scale: float, offset: Triple, low: Triple, high: Triple) -> bool:
    """Whether an object so scaled and moved can stand in the box from `low` to `high`."""
    numbers = np.array([scale, *offset, *low, *high])
    return bool(scale > 0 and (np.abs(numbers) < BOUND).all() and np.less_equal(low, high).all())
