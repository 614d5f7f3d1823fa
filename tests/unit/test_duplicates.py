"""Groups of near-duplicates: against every pair compared, and with many hashes."""

import numpy as np
import pytest

from worker.pack import duplicates


def by_pairs(hashes, distance):
    """The groups as sets of places, by comparing every pair."""
    found = [{place} for place in range(len(hashes))]
    for one in range(len(hashes)):
        for other in range(one):
            if (int(hashes[one]) ^ int(hashes[other])).bit_count() <= distance:
                first = next(group for group in found if one in group)
                second = next(group for group in found if other in group)
                if first is not second:
                    first |= second
                    found.remove(second)
    return {frozenset(group) for group in found if len(group) > 1}


@pytest.mark.parametrize("seed", range(5))
def test_they_are_those_of_every_pair(seed):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 1 << 64, 150, np.uint64)
    for place in range(100):  # near ones, chains of them, and bits at both ends
        flips = rng.choice(64, rng.integers(0, 8), replace=False)
        mask = sum(1 << int(bit) for bit in flips)
        hashes[50 + place] = hashes[rng.integers(0, 50 + place)] ^ np.uint64(mask)
    for distance in (0, 1, duplicates.DISTANCE):
        groups = duplicates.groups(hashes, distance)
        assert {frozenset(group.tolist()) for group in groups} == by_pairs(hashes, distance)
        assert [len(group) for group in groups] == sorted(map(len, groups), reverse=True)


def test_none():
    assert duplicates.groups(np.array([], np.uint64)) == []
    assert duplicates.groups(np.array([7], np.uint64)) == []


def test_of_very_many_only_equal_ones_are_grouped(monkeypatch):
    monkeypatch.setattr(duplicates, "MOST", 2)
    hashes = np.array([1, 0, 1 << 63, 0], np.uint64)
    assert [group.tolist() for group in duplicates.groups(hashes)] == [[1, 3]]
