"""Which rank does what: together all, no two the same, whatever the numbers."""

import itertools

import msgspec
import pytest

from worker.core import keys
from worker.core.errors import ConfigurationError
from worker.core.ranks import Rank
from worker.export.base import Finished, Grouping
from worker.export.source import Source
from worker.export.units import Groups, single_units
from worker.export.where import parsed
from worker.index.selection import Selection
from worker.stores import open_store


def line(number, shard, **more):
    identifier = f"object-{number}"
    fields = {
        "uid": keys.uid_of(identifier),
        "file_identifier": identifier,
        "shard": shard,
        "outcome": "rendered",
        "time": "2026-01-01T00:00:00.000Z",
        "size": 10,
    } | more
    return msgspec.json.encode(Finished(**fields)) + b"\n"


@pytest.fixture
def source(tmp_path):
    store = open_store(str(tmp_path))
    for number in range(3):
        name = keys.shard_name(number)
        lines = [line(k, name) for k in range(number * 10, number * 10 + 10)]
        lines.append(line(100 + number, name, outcome="failed", code="import"))
        store.create(keys.ledger_part(name, "w", 0), b"".join(lines))
    return Source(store)


def names(units):
    return [found.uid for unit in units for found in unit.objects]


@pytest.mark.parametrize("world", [1, 2, 3, 4, 7, 40])
def test_ranks_share_the_objects(source, world):
    shares = [names(single_units(source, Rank(r, world), every=False)) for r in range(world)]
    every = list(itertools.chain(*shares))
    assert len(every) == len(set(every)) == 30
    assert names(single_units(source, Rank(0, 1), every=True)).__len__() == 33


@pytest.mark.parametrize("world", [1, 2, 5])
def test_groups_are_the_same_whatever_the_ranks(source, world):
    grouping = Grouping(4, 1 << 30)
    alone = Groups(source, Rank(0, 1), grouping, every=False)
    whole = {unit.name: names([unit]) for unit in alone}
    assert [len(group) for group in whole.values()] == [4] * 7 + [2]
    assert list(whole) == [f"{number:06d}" for number in range(8)]
    shared, digests = {}, set()
    for rank in range(world):
        mine = Groups(source, Rank(rank, world), grouping, every=False)
        part = {unit.name: names([unit]) for unit in mine}
        assert not part.keys() & shared.keys()
        shared |= part
        digests.add(mine.digest)
    assert shared == whole
    assert digests == {alone.digest}


def test_groups_end_at_their_size(source):
    units = list(Groups(source, Rank(0, 1), Grouping(100, 25), every=False))
    assert {len(unit.objects) for unit in units} == {2}
    alone = list(Groups(source, Rank(0, 1), Grouping(100, 5), every=False))
    assert {len(unit.objects) for unit in alone} == {1}  # larger than allowed, but somewhere


@pytest.mark.parametrize(("size", "count"), [(29, 2), (30, 3), (39, 3), (40, 4)])
def test_a_group_may_be_as_large_as_its_size(source, size, count):
    first = next(iter(Groups(source, Rank(0, 1), Grouping(100, size), every=False)))
    assert len(first.objects) == count


def test_one_more_object_changes_the_digest(source):
    def digest():
        groups = Groups(source, Rank(0, 1), Grouping(4, 1 << 30), every=False)
        list(groups)
        return groups.digest

    before = digest()
    source.store.create(keys.ledger_part("000000", "v", 0), line(500, "000000"))
    assert digest() != before


def test_a_uid_that_is_no_uid_is_nobodys(source):
    source.store.create(
        keys.ledger_part("000000", "v", 0), line(1, "000000", uid="../../etc/passwd")
    )
    assert len(names(single_units(source, Rank(0, 1), every=True))) == 33


def test_only_and_where_select_together(source):
    both = Source(
        source.store,
        only=Selection(("object-1*",)),
        where=parsed(f'shard == "{keys.shard_name(1)}"'),
    )
    both.check_selection(every=False, found=True)
    chosen = names(single_units(both, Rank(0, 1), every=False))
    assert set(chosen) == {keys.uid_of(f"object-{number}") for number in range(10, 20)}


def test_an_object_of_only_that_does_not_meet_where_is_no_misspelling(source):
    none = parsed("size > 10")
    known = Source(source.store, only=Selection(("object-1",)), where=none)
    with pytest.raises(ConfigurationError, match="none of the 1 rendered object of --only"):
        known.check_selection(every=False, found=False)
    assert names(single_units(known, Rank(0, 1), every=False)) == []
    unknown = Source(source.store, only=Selection(("object-x",)), where=none)
    with pytest.raises(ConfigurationError, match="--only 'object-x' matches no rendered object"):
        unknown.check_selection(every=False, found=False)
