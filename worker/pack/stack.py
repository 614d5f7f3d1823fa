"""Small views as one picture, a view below the other.

What a view of few pixels costs is calls, not pixels: numpy is called once for all views of a stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.contract.render_passes import Pass
from worker.pack.raw import RawView

MOST_PIXELS: Final = 1 << 16
"""Of a stack of several views: their passes fit in the CPU's caches."""


class Stack:
    """The passes of one view or more, all of one size, as those of a view `views` times as high."""

    def __init__(self, views: Sequence[RawView]) -> None:
        self.views = tuple(views)
        self._layers: dict[Pass, NDArray[np.float32]] = {}

    def layer(self, wanted: Pass) -> NDArray[np.float32]:
        """One render pass as a read-only (views * height, width, components) array.

        Each is read once; see `RawView.layer`. Raises: RenderFailed.
        """
        if wanted not in self._layers:
            self._layers[wanted] = _joined([view.layer(wanted) for view in self.views])
        return self._layers[wanted]

    def display(self) -> NDArray[np.uint8]:
        """The display pictures: (views * height, width, 4), see `RawView.display`.

        Raises: RenderFailed.
        """
        return _joined([view.display() for view in self.views])

    def apart(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """(views * height, width, ...) as (views, height, width, ...), without a copy."""
        count = len(self.views)
        parted: NDArray[Any] = pixels.reshape(count, len(pixels) // count, *pixels.shape[1:])
        return parted


def stacks(count: int, size: tuple[int, int]) -> Iterator[range]:
    """The numbers of `count` views of this (width, height), those of each stack."""
    most = max(1, MOST_PIXELS // (size[0] * size[1]))
    return (range(first, min(first + most, count)) for first in range(0, count, most))


def _joined(pictures: list[NDArray[Any]]) -> NDArray[Any]:
    if len(pictures) == 1:
        return pictures[0]
    joined: NDArray[Any] = np.concatenate(pictures)
    joined.flags.writeable = False
    return joined
