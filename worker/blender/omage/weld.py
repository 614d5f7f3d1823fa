"""Welds vertices at the same position."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from worker.blender.omage.union import Ints, components, same

BITS = 21


def weld(points: npt.NDArray[np.float64], distance: float) -> Ints:
    """Return, for each of `points` (N,3) in -1..1, the first vertex that it is welded to, (N,).

    Two points are welded if they differ by at most `distance` along every axis. Welding is
    transitive. `distance` must be at least 1e-6.
    """
    ones, others = [], []
    # The cells are twice as wide as the distance. So two such points share a cell, either in this
    # grid or in one shifted by half a cell along some axes. A cell number has 21 bits per axis.
    for shift in itertools.product((0.5, 1.0), repeat=3):
        cell = np.floor((points + 1.0) / (2.0 * distance) + shift).astype(np.int64)
        one, other = same((cell[:, 0] << 2 * BITS) | (cell[:, 1] << BITS) | cell[:, 2])
        near = np.abs(points[one] - points[other]).max(axis=1, initial=0.0) <= distance
        ones.append(one[near])
        others.append(other[near])
    return components(len(points), np.concatenate(ones), np.concatenate(others))
