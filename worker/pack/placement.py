"""The transform from the imported file to the world, and the object's bounding box there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
import numpy as np

from worker.contract.recipe import Subject
from worker.core.errors import RenderFailed
from worker.pack.views import BOUND

Triple = tuple[float, float, float]


class _PlacementAnswer(msgspec.Struct, frozen=True):
    bbox_min: Triple
    bbox_max: Triple
    scale: float
    offset: Triple


# Created at import, before any thread starts: msgspec crashes if two threads are the first to
# convert to the same type at the same time.
_DECODER: Final = msgspec.json.Decoder(_PlacementAnswer)

_UNITS: Final = {
    "unit-cube": "longest side of the object's bounding box",
    "unit-sphere": "distance of the object's farthest vertex from its bounding box's centre",
    "none": "the file's unit, as the importer takes it",
}
"""The world's unit of length for each `subject.normalise`, when `subject.size` is 1."""


def unit(subject: Subject) -> str:
    """Describe the world's unit of length in words, for ``cameras.json``."""
    unit = _UNITS[subject.normalise]
    return unit if subject.size == 1.0 else f"{unit}, divided by {subject.size:g}"


class Placement(msgspec.Struct, frozen=True):
    """Places the object: a point of the imported file is at ``point * scale + offset``.

    World coordinates are right-handed with Z up.
    """

    scale: float
    offset: Triple
    low: Triple
    high: Triple
    """`low` and `high` are the corners of the object's bounding box in the world."""


def of(scene: Mapping[str, Any]) -> Placement:
    """Read the placement from the child's description of the scene.

    Raises: RenderFailed, if it is missing or impossible.
    """
    try:
        answer = msgspec.convert(
            {**scene["scene_size"], **scene["placement"]}, _PlacementAnswer, strict=True
        )
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise RenderFailed(
            f"the child's answer has no valid placement of the object: {error}"
        ) from error
    ends = np.stack([answer.bbox_min, answer.bbox_max]) * answer.scale + answer.offset
    low, high = (cast("Triple", tuple(end)) for end in ends.tolist())
    if not possible(answer.scale, answer.offset, low, high):
        raise RenderFailed("the child's answer has an invalid placement of the object")
    return Placement(answer.scale, answer.offset, low, high)


def possible(scale: float, offset: Triple, low: Triple, high: Triple) -> bool:
    """Whether the scale is positive, all numbers are finite, and `low` does not exceed `high`."""
    numbers = np.array([scale, *offset, *low, *high])
    return bool(scale > 0 and (np.abs(numbers) < BOUND).all() and np.less_equal(low, high).all())
