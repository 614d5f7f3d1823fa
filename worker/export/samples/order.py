"""The row order of preprocessed data sets: shuffled, with held-out rows at the end.

selfstudy's trainer reads rows in pieces and takes the first n as the labelled ones, so rows in
sample order would repeat a few objects. selfstudy's own data sets are shuffled too, within the ten
twelfths for training. The last two twelfths, for validation and test, show other objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.contract.scene_keys import Scenes

PARTS: Final = ("train", "valid", "test")
SHARES: Final = 12
"""Number of equal shares of a data set: the last is for test, the one before for validation."""
_SEED: Final = 12


def part_of(indices: Sequence[int], scenes: Scenes) -> NDArray[np.int64]:
    """The part of each sample, (n,), as an index into `PARTS`.

    `scenes` gives the range of sample indices of the whole data set.
    """
    last, train = len(PARTS) - 1, SHARES - len(PARTS)
    shares = ((index - scenes.idx_offset) * SHARES // scenes.samples for index in indices)
    return np.array([min(max(share - train, 0), last) for share in shares], np.int64)


def mixed(part: NDArray[np.int64]) -> NDArray[np.intp]:
    """The permutation (n,) that sorts rows by part and shuffles them within each, fixed seed."""
    keys = np.random.PCG64(_SEED).random_raw(len(part))  # raw bits: the same in every NumPy
    order: NDArray[np.intp] = np.lexsort((keys, part))
    return order
