"""Finds connected components without a Python loop over the nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def components(count: int, one: Ints, other: Ints) -> Ints:
    """Find the components of a graph of `count` nodes with edges from `one[i]` to `other[i]`.

    Returns: (count,) for each node the smallest node of its component.
    """
    labels = np.arange(count)
    while len(one):
        a, b = labels[one], labels[other]
        apart = a != b
        one, other, a, b = one[apart], other[apart], a[apart], b[apart]
        # Attach every root to its smallest neighbouring root; then make all nodes point at roots.
        np.minimum.at(labels, np.maximum(a, b), np.minimum(a, b))
        while True:
            further = labels[labels]
            if np.array_equal(further, labels):
                break
            labels = further
    return labels


def same(keys: Any) -> tuple[Ints, Ints]:
    """Return the indices (one, other) of equal keys, each paired with the next equal one."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    alike = np.flatnonzero(ordered[1:] == ordered[:-1])
    return order[alike], order[alike + 1]
