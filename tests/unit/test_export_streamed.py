"""A rank's groups of a large ledger: those of a reading of all lines, from its own lines alone."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tools.reading_store import ReadingStore
from tests.unit.test_ledger import NEVER_S, RANK, rendered
from worker.core import keys
from worker.core.errors import StoreError
from worker.core.ranks import Rank
from worker.export.base import Grouping
from worker.export.source import Source
from worker.export.units import Groups
from worker.export.where import parsed
from worker.index.selection import Selection
from worker.ledger import LedgerWriter, parts_of, summaries
from worker.ledger.summaries import encoded, summary_key
from worker.ledger.summary import ShardSummary
from worker.stores.folder import FolderStore

PER_SHARD = 10


@pytest.fixture(autouse=True)
def every_shard(monkeypatch):
    monkeypatch.setattr(summaries, "LEAST_LINES", 1)


lines = st.lists(
    st.tuples(
        st.integers(0, 3),  # shard
        st.integers(0, 12),  # object
        st.sampled_from(["rendered", "rendered", "rendered", "failed", "new"]),
        st.none() | st.integers(0, 9),  # bytes
        st.booleans(),  # whether its uid is one
    ),
    max_size=40,
)


def write(root: Path, made, *, killed: bool) -> None:
    """One writer's lines; a killed one joins and summarizes nothing."""
    writer = LedgerWriter(FolderStore(root), RANK, "4.5.3", "cpu", flush_count=3, flush_s=NEVER_S)
    for shard, number, kind, size, valid in made:
        line = rendered(100 * shard + number, writer, shard=keys.shard_name(shard))
        change = {"outcome": kind, "size": size if kind == "rendered" else None}
        if not valid:
            change["uid"] = f"../{number}"
        writer.add(msgspec.structs.replace(line, **change))
    if killed:
        writer.flush()
    else:
        writer.close()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(lines, st.booleans()), min_size=1, max_size=3),
    st.integers(1, 6), st.integers(1, 30), st.integers(1, 4), st.booleans(), st.randoms(),
)  # fmt: skip
def test_they_are_the_groups_of_a_reading_of_all_lines(runs, objects, size, world, every, random):
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for made, killed in runs:
            write(root, made, killed=killed)
        store = FolderStore(root)
        for entry in list(store.list(keys.SUMMARIES)):
            if random.random() < 0.3:
                (root / entry.key).unlink()
        grouping = Grouping(objects, size)
        for rank in range(world):
            mine = Rank(rank, world)
            known = Groups(Source(store), mine, grouping, every=every)
            found = Groups(Source(store), mine, grouping, every=every)
            assert list(found.streamed()) == list(known)
            assert found.count == known.count


@pytest.fixture
def output(tmp_path):
    """Ten shards of ten objects of one byte."""
    with LedgerWriter(FolderStore(tmp_path), RANK, "4.5.3", "cpu", flush_s=NEVER_S) as writer:
        for number in range(10 * PER_SHARD):
            line = rendered(number, writer, shard=keys.shard_name(number // PER_SHARD))
            writer.add(msgspec.structs.replace(line, size=1))
    return tmp_path


@pytest.mark.parametrize(
    ("rank", "world", "objects", "shards"),
    [
        (9, 10, 10, [9]),
        (2, 10, 10, [2]),
        (1, 3, 10, [1, 4, 7]),
        (0, 9, 12, [0, 1]),  # a group of a shard and a part of the next
        (6, 9, 12, [7, 8]),
        (0, 3, 4, [*range(10)]),
        (9, 20, 10, [9]),
        (15, 20, 10, []),
    ],
)
def test_a_rank_reads_summaries_and_the_lines_of_its_own_groups(
    output, rank, world, objects, shards
):
    store = ReadingStore(output)
    groups = Groups(Source(store), Rank(rank, world), Grouping(objects, 1 << 30), every=False)
    units = list(groups.streamed())
    assert all(int(unit.name) % world == rank for unit in units)
    read = [key for key in store.reads if key.startswith(keys.LEDGER)]
    assert read == [part for each in shards for part in parts_of(store, keys.shard_name(each))]
    assert len(store.reads) == len(read) + 10


def test_the_first_group_needs_no_summary_behind_it(output):
    store = ReadingStore(output)
    groups = Groups(Source(store), Rank(0, 10), Grouping(PER_SHARD, 1 << 30), every=False)
    asked = []

    def noting(*given):
        for found in summaries.read_summaries(*given):
            asked.append(found[0])
            yield found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.export.units.read_summaries", noting)
        unit = next(groups.streamed())
    assert unit.name == "000000"
    assert asked == ["000000", "000001"]


def test_a_selection_and_an_output_without_summaries_are_read_line_by_line(output):
    grouping = Grouping(3, 1 << 30)
    chosen = {"only": Selection(("*7*",))}, {"where": parsed("size == 1")}, {}
    for how in chosen:
        if not how:
            for entry in list(FolderStore(output).list(keys.SUMMARIES)):
                (output / entry.key).unlink()
        known = Groups(Source(FolderStore(output), **how), Rank(1, 2), grouping, every=False)
        store = ReadingStore(output)
        found = Groups(Source(store, **how), Rank(1, 2), grouping, every=False)
        assert list(found.streamed()) == list(known)
        assert all(key.startswith(keys.LEDGER) for key in store.reads)


def test_a_summary_of_other_objects_than_its_lines_makes_no_file(output):
    store = FolderStore(output)
    (part,) = parts_of(store, "000003")
    sizes = {part: (output / part).stat().st_size}
    key = output / summary_key("000003", sizes)
    assert key.exists()
    key.write_bytes(encoded(sizes, ShardSummary(outcomes={}, zips=b"\1" + bytes(7))))
    groups = Groups(Source(store), Rank(3, 10), Grouping(PER_SHARD, 1 << 30), every=False)
    with pytest.raises(StoreError, match="shard 000003 does not have the 1 objects"):
        list(groups.streamed())
