"""The rows of a set that is ready to train on: mixed, and what is held out stands at its end.

The study's trainer reads rows in pieces and takes the first n as the labelled ones, so that rows
in the samples' order would be a few objects, over and over; its own sets are mixed as well, within
the ten twelfths to train on. The twelfths to validate and to test show other objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.contract.scene_keys import Scenes

PARTS: Final = ("train", "valid", "test")
SHARES: Final = 12
"""Of which the last but one is to validate, the last to test."""
_SEED: Final = 12


def part_of(indices: Sequence[int], scenes: Scenes) -> NDArray[np.int64]:
    """(n,), the place in PARTS of samples with these indices, in a data set of `scenes`."""
    last, train = len(PARTS) - 1, SHARES - len(PARTS)
    shares = ((index - scenes.idx_offset) * SHARES // scenes.samples for index in indices)
    return np.array([min(max(share - train, 0), last) for share in shares], np.int64)


def mixed(part: NDArray[np.int64]) -> NDArray[np.intp]:
    """(n,), the row that goes to each place: part after part, within each always the same mix."""
    keys = np.random.PCG64(_SEED).random_raw(len(part))  # raw bits, which no NumPy changes
    order: NDArray[np.intp] = np.lexsort((keys, part))
    return order
