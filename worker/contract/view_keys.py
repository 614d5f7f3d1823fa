"""The recipe's keys about all views together: splits and previews."""

from __future__ import annotations

import dataclasses
from typing import Literal, Union

from worker.contract.schema import key

RING = "ring"
"""The test views' camera layout, in place of their number."""


@dataclasses.dataclass(frozen=True)
class Splits:
    """Number of views in each split, in this order; all 0: no split."""

    train: int = key(0, "training views", low=0, high=10_000)
    val: int = key(0, "validation views", low=0, high=10_000)
    test: Union[int, Literal["ring"]] = key(
        0,
        "test views; ring: all views after those of train and val, placed as by layout ring",
        low=0,
        high=10_000,
    )

    def counts(self, views: int) -> tuple[int, int, int]:
        """Number of training, validation and test views of an object with `views`."""
        rest = max(0, views - self.train - self.val)
        return self.train, self.val, rest if isinstance(self.test, str) else self.test

    def ring(self, views: int) -> int:
        """Number of views, the last of `views`, that are on the ring."""
        return self.counts(views)[2] if self.test == RING else 0


@dataclasses.dataclass(frozen=True)
class Preview:
    """Animated previews."""

    rate: int = key(12, "frames per second", low=1, high=60, unit="1/s")
    width: int = key(256, "width; at most that of the images", low=16, high=4096, unit="pixel")
