"""Which views are held out."""

import itertools
from types import SimpleNamespace

import pytest

from worker.core.errors import Unsupported
from worker.export import splits


def zipped(count, own=None):
    return SimpleNamespace(uid="it", views=[None] * count, cameras=SimpleNamespace(splits=own))


def sizes(found):
    return [len(found[name]) for name in ("train", "val", "test")]


@pytest.mark.parametrize(
    ("asked", "count", "expected"),
    [
        (None, 100, [80, 10, 10]),
        ("0.8,0.1,0.1", 10, [8, 1, 1]),
        ("80,10,10", 100, [80, 10, 10]),
        ("5,0,3", 12, [5, 0, 3]),
        ("1,0,0", 12, [12, 0, 0]),
        ("0.5,0,0.5", 5, [3, 0, 2]),
        (None, 24, [19, 3, 2]),
        ("0.5,0.25,0", 10, [5, 3, 0]),
        ("0.45,0.1,0.1", 10, [4, 1, 1]),
        ("0.3333,0.3333,0.3333", 100, [34, 33, 33]),
        ("0.9,0.1,0", 7, [6, 1, 0]),
    ],
)
def test_sizes(asked, count, expected):
    found = splits.of(zipped(count), asked)
    assert sizes(found) == expected
    every = [number for part in found.values() for number in part]
    assert len(set(every)) == len(every)
    assert set(every) <= set(range(count))


@pytest.mark.parametrize("shares", [None, "0.7,0.15,0.15", "0.98,0.01,0.01", "0.34,0.33,0.33"])
def test_shares_of_all_leave_no_view_over(shares):
    wanted = [float(share) for share in (shares or splits.DEFAULT).split(",")]
    for count in range(1, 101):
        found = sizes(splits.of(zipped(count), shares))
        assert sum(found) == count
        assert all(abs(n - share * count) < 1 for n, share in zip(found, wanted, strict=True))


def test_what_is_held_out_lies_all_around():
    found = splits.of(zipped(100), "80,10,10")
    held = sorted(found["val"] + found["test"])
    assert {right - left for left, right in itertools.pairwise(held)} == {5}
    assert abs(sum(found["val"]) - sum(found["test"])) < 100  # mixed, not one half each


def gaps(chosen, count):
    """From each to the next, and from the last around to the first."""
    return [
        (right - left - 1) % count + 1
        for left, right in zip(chosen, chosen[1:] + chosen[:1], strict=True)
    ]


@pytest.mark.parametrize("count", [7, 12, 24, 25, 100])
def test_gaps_between_held_out_views_differ_by_one_at_most(count):
    for val, test in itertools.product(range(count // 3), repeat=2):
        found = splits.of(zipped(count), f"{count - val - test},{val},{test}")
        held = sorted(found["val"] + found["test"])
        if held:
            assert max(gaps(held, count)) - min(gaps(held, count)) <= 1
            assert held[0] == pytest.approx(count - 1 - held[-1], abs=1), "as far from either end"
        if found["test"]:
            places = [held.index(number) for number in found["test"]]
            assert max(gaps(places, len(held))) - min(gaps(places, len(held))) <= 1


@pytest.mark.parametrize(("count", "train"), [(10, 4), (100, 10), (24, 5)])
def test_training_views_too_lie_all_around_where_some_are_left_over(count, train):
    found = splits.of(zipped(count), f"{train},0,0")["train"]
    assert max(gaps(found, count)) - min(gaps(found, count)) <= 1


def test_the_presets_own_split_is_kept_in_the_views_order():
    own = {"train": 5, "val": 1, "test": 2}
    found = splits.of(zipped(8, own), None)
    assert found == {"train": [0, 1, 2, 3, 4], "val": [5], "test": [6, 7]}
    assert sizes(splits.of(zipped(8, own), "0.5,0.25,0.25")) == [4, 2, 2]


@pytest.mark.parametrize(
    "text", ["", "1,2", "a,b,c", "0,1,1", "-1,1,1", "0.8,0.2,0.2", "nan,0,0", "1.5,1,1", "inf,0,0"]
)
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match="--splits"):
        splits.parsed(text)


def test_too_few_views_are_named():
    with pytest.raises(Unsupported, match="has 8 views"):
        splits.of(zipped(8), "80,10,10")
