"""Connected components, without a loop over the nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def components(count: int, one: Ints, other: Ints) -> Ints:
    """Of `count` nodes joined pairwise, node `one[i]` to `other[i]`: each node's component.

    Returns (count,): the smallest node of the component.
    """
    labels = np.arange(count)
    while len(one):
        a, b = labels[one], labels[other]
        apart = a != b
        one, other, a, b = one[apart], other[apart], a[apart], b[apart]
        # Every root takes the smallest root it touches; then all point at roots again.
        np.minimum.at(labels, np.maximum(a, b), np.minimum(a, b))
        while True:
            further = labels[labels]
            if np.array_equal(further, labels):
                break
            labels = further
    return labels


def same(keys: Any) -> tuple[Ints, Ints]:
    """Pairs of places (one, other) that hold the same key: each with the next like it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    alike = np.flatnonzero(ordered[1:] == ordered[:-1])
    return order[alike], order[alike + 1]
