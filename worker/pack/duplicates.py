"""Near-duplicates: objects whose perceptual hashes differ in few bits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

DISTANCE: Final = 4
"""Largest number of different bits, of 64, between neighbours in a group of near-duplicates."""
MOST: Final = 200_000
"""Of more different hashes, only equal ones are grouped: comparing them takes too long."""

_SET: Final = np.array([byte.bit_count() for byte in range(256)])
PIECE: Final = 1 << 20
Hashes = NDArray[np.uint64]


def number(text: str | None) -> int | None:
    """A hash of 16 hex digits as a number of 64 bits; None if there is none, or no valid one."""
    try:
        found = int(text or "", 16)
    except ValueError:
        return None
    return found if 0 <= found < 1 << 64 else None


def firsts(hashes: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Of (uid, hash): for each uid in a group of near-duplicates, the first uid of the group."""
    found = {uid: value for uid, text in hashes if (value := number(text)) is not None}
    uids = list(found)
    return {
        uids[place]: uids[group[0]]
        for group in groups(np.array(list(found.values()), np.uint64))
        for place in group.tolist()
    }


def groups(hashes: Hashes, distance: int = DISTANCE) -> list[NDArray[np.intp]]:
    """The places in `hashes` of each group of two or more, largest group first.

    Two hashes that differ in at most `distance` bits are in one group, and so are those that a
    chain of such pairs connects. With more than `MOST` different hashes only equal ones are.
    """
    if not len(hashes):
        return []
    ordered = np.sort(hashes)
    equal = ordered[1:] == ordered[:-1]
    repeated = np.unique(ordered[1:][equal])
    different = len(ordered) - int(np.count_nonzero(equal))
    del ordered, equal  # of millions of hashes, each array has many megabytes
    if distance and different <= MOST:
        values, which = np.unique(hashes, return_inverse=True)
        which = _connected(values, distance)[which]
        places = np.flatnonzero(np.bincount(which)[which] > 1)
        numbers = which[places]
    else:
        places = _among(hashes, repeated)
        numbers = np.searchsorted(repeated, hashes[places])
    if not len(places):
        return []
    order = np.argsort(numbers, kind="stable")
    found = np.split(places[order], np.flatnonzero(np.diff(numbers[order])) + 1)
    return sorted(found, key=lambda part: (-len(part), int(part[0])))


def _among(hashes: Hashes, repeated: Hashes) -> NDArray[np.intp]:
    """The places of those hashes that are in `repeated`, which is sorted; piece by piece."""
    if not len(repeated):
        return np.empty(0, np.intp)
    found = []
    for start in range(0, len(hashes), PIECE):
        piece = hashes[start : start + PIECE]
        at = np.minimum(np.searchsorted(repeated, piece), len(repeated) - 1)
        found.append(np.flatnonzero(repeated[at] == piece) + start)
    return np.concatenate(found)


def _connected(hashes: Hashes, distance: int) -> NDArray[np.intp]:
    """For each of these different hashes, the least place in its group."""
    root = np.arange(len(hashes))
    # Hashes that differ in at most `distance` bits are equal in one of distance + 1 parts of them.
    for part in range(distance + 1):
        mask = np.uint64(sum(1 << bit for bit in range(part, 64, distance + 1)))
        keys = hashes & mask
        order = np.argsort(keys, kind="stable")
        ordered, values = keys[order], hashes[order]
        left = np.arange(len(order) - 1)
        step = 1
        while len(left := left[left + step < len(order)]):
            left = left[ordered[left] == ordered[left + step]]
            near = _bits(values[left] ^ values[left + step]) <= distance
            _join(root, order[left[near]], order[left[near] + step])
            step += 1
    for place in range(len(root)):
        root[place] = root[root[place]]  # ascending: what it points to points to a root
    return root


def _bits(hashes: Hashes) -> NDArray[np.int64]:
    """The number of bits that are set in each (NumPy 1 has no function for it)."""
    count: NDArray[np.int64] = _SET[hashes.view(np.uint8).reshape(-1, 8)].sum(axis=1)
    return count


def _join(root: NDArray[np.intp], ones: NDArray[np.intp], others: NDArray[np.intp]) -> None:
    for one, other in zip(ones.tolist(), others.tolist(), strict=True):
        first, second = _root(root, one), _root(root, other)
        root[max(first, second)] = min(first, second)


def _root(root: NDArray[np.intp], place: int) -> int:
    while (above := int(root[place])) != place:
        root[place] = root[above]
        place = above
    return place
