"""The recipe's keys about all views together: splits and previews."""

from __future__ import annotations

import dataclasses

from worker.contract.schema import key


@dataclasses.dataclass(frozen=True)
class Splits:
    """Number of views in each split, in this order; all 0: no split."""

    train: int = key(0, "training views", low=0, high=10_000)
    val: int = key(0, "validation views", low=0, high=10_000)
    test: int = key(0, "test views", low=0, high=10_000)


@dataclasses.dataclass(frozen=True)
class Preview:
    """Animated previews."""

    rate: int = key(12, "frames per second", low=1, high=60, unit="1/s")
    width: int = key(256, "width; at most that of the images", low=16, high=4096, unit="pixel")
