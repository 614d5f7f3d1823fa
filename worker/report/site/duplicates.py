"""Near-duplicates: groups of objects whose perceptual hashes are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

NEAR: Final = 4
"""The most bits, of 64, in which the hashes of near-duplicates differ."""
BLOCK: Final = 512
"""Hashes that are compared with all others at a time; memory is 10 bytes for each pair."""
LARGEST: Final = 24
"""Objects of a group that are shown."""
_ONES: Final = np.array([number.bit_count() for number in range(1 << 16)], np.uint8)


def groups(hashes: Sequence[str | None]) -> list[list[int]]:
    """Groups of places in `hashes`, largest first; None and what is no hash is in no group.

    Objects are in one group if a chain of near-duplicates joins them.
    """
    places = _read(hashes)
    values = np.array(list(places), np.uint64)
    parent = list(range(len(values)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    for first in range(0, len(values), BLOCK):
        near = _ones(values[first : first + BLOCK, None] ^ values[None, first:]) <= NEAR
        for one, other in zip(*np.nonzero(np.triu(near, 1)), strict=True):
            parent[root(first + int(other))] = root(first + int(one))
    found: dict[int, list[int]] = {}
    for number, alike in enumerate(places.values()):
        found.setdefault(root(number), []).extend(alike)
    pairs = (sorted(group) for group in found.values() if len(group) > 1)
    return sorted(pairs, key=len, reverse=True)


def _read(hashes: Sequence[str | None]) -> dict[int, list[int]]:
    """The places of each hash."""
    places: dict[int, list[int]] = {}
    for place, text in enumerate(hashes):
        try:
            value = int(text or "", 16)
        except ValueError:
            continue
        if 0 <= value < 1 << 64:
            places.setdefault(value, []).append(place)
    return places


def _ones(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The number of ones of each value."""
    parts = np.ascontiguousarray(values).view(np.uint16).reshape(*values.shape, 4)
    count: NDArray[np.uint8] = _ONES[parts].sum(axis=-1, dtype=np.uint8)
    return count
