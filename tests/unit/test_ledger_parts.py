"""Few parts: those of a finished shard are joined, and a name alone tells what need not be read."""

import importlib
from pathlib import Path

import pytest

from tests.unit.test_ledger import NEVER_S, RANK, parts, rendered
from worker.core import keys
from worker.core.errors import StoreError
from worker.ledger import (
    LedgerWriter,
    Outcome,
    compaction,
    listing,
    parts_of,
    read_ledger,
    read_shards,
)
from worker.ledger.listing import current
from worker.ledger.writer import FLUSH_S, pause_s
from worker.stores import open_store
from worker.stores.folder import FolderStore

listing_module = importlib.import_module("worker.ledger.listing")


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "output"))


class Counting(FolderStore):
    """A folder that tells which keys were read, and is listed as a distant store is."""

    def __init__(self, root: Path, *, remote: bool = False) -> None:
        super().__init__(root)
        self.reads, self.listings = [], 0
        self.remote = remote

    def read(self, key, most=None):
        self.reads.append(key)
        return super().read(key, most)

    def list(self, prefix="", *, after="", before=""):
        self.listings += 1
        return super().list(prefix, after=after, before=before)


def test_a_shard_that_gets_no_more_lines_is_joined_while_the_run_goes_on(store, tmp_path):
    with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_count=1, flush_s=NEVER_S) as writer:
        for number in range(3):
            writer.add(rendered(number, writer))
        assert len(parts(store)) == 3
        writer.add(rendered(3, writer, shard="000001"))
        assert len(parts(store)) == 4
        (joined,) = parts_of(store, "000000")
        assert joined == keys.compacted_part("000000", writer.author.worker, 0, 2)
        plain = [store.read(key) for key in parts(store) if key != joined]
        assert store.read(joined) == b"".join(plain)
        # A straggler, and another worker, are read beside it.
        writer.add(rendered(4, writer))
        with LedgerWriter(store, RANK, "4.5.3", "cpu") as other:
            other.add(rendered(5, other))
        assert len(parts_of(store, "000000")) == 3
        assert len(read_ledger(store, "000000")) == 5
    assert len(parts(store, "000001")) == 1, "one part is joined with nothing"
    counting = Counting(tmp_path / "output")
    counts = sorted(len(lines) for _, read in read_shards(counting, Outcome) for lines in read)
    assert counts == [1, 1, 1, 3]
    assert len(counting.reads) == 4


def test_a_large_shard_is_joined_piece_by_piece(store, monkeypatch):
    monkeypatch.setattr(compaction, "MOST_BYTES", 1000)
    with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_count=1, flush_s=NEVER_S) as writer:
        for number in range(9):
            writer.add(rendered(number, writer))
    assert 1 < len(parts_of(store, "000000")) < 9
    lines = b"".join(map(store.read, parts_of(store, "000000"))).splitlines()
    assert len(lines) == len(read_ledger(store, "000000")) == 9


def test_a_part_that_cannot_be_joined_loses_nothing(store, monkeypatch):
    with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_count=1, flush_s=NEVER_S) as writer:
        for number in range(3):
            writer.add(rendered(number, writer))
        create = store.create

        def refuse(key, body):
            if "-to-" in key:
                raise StoreError("the store is full")
            return create(key, body)

        monkeypatch.setattr(store, "create", refuse)
        writer.add(rendered(3, writer))
    assert len(parts_of(store, "000000")) == 4
    assert len(read_ledger(store, "000000")) == 4


@pytest.mark.parametrize(("names", "left"), [
    (["w-000001", "w-000002"], [0, 1]),
    (["w-000001", "w-000001-to-000004", "w-000004", "w-000005"], [1, 3]),
    (["v-000002", "w-000001-to-000004"], [0, 1]),
    (["w-000001-to-000004", "w-000001-to-000009", "w-000007"], [1]),
    (["w-000003-to-000006", "w-000001-to-000004", "w-000004"], [0, 1]),
    (["anything", "w-000001-to-000004"], [0, 1]),
    (["r1-x-to-000009-000003", "r1-000001-to-000009"], [0, 1]),
])  # fmt: skip
def test_a_name_tells_what_is_superseded(names, left):
    given = [f"ledger/000000/{name}.jsonl" for name in names]
    assert current(given) == [given[number] for number in left]


def test_the_pause_between_parts_grows_with_the_run():
    pauses = [pause_s(FLUSH_S, 3600 * hours) for hours in (0, 0.3, 1, 5, 100)]
    assert pauses == [60, 60, 180, 600, 600]


PAGE = 20


@pytest.mark.parametrize("shards", [0, 1, PAGE - 1, PAGE, PAGE + 1, 50 * PAGE + 3])
def test_listed_in_ranges_or_in_a_row_it_is_the_same(tmp_path, shards, monkeypatch):
    monkeypatch.setattr(listing_module, "PAGE", PAGE)
    for number in range(shards):
        # Holes, as a run of some ranks leaves them, and a name that is no shard's.
        name = keys.shard_name(7 * number if number % 5 else number * 11)
        folder = tmp_path / keys.ledger_of(name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "w-000000.jsonl").write_bytes(b"x" * (number % 7))
    if shards == PAGE + 1:
        (tmp_path / keys.LEDGER / "other").mkdir()
        (tmp_path / keys.LEDGER / "other" / "w-000000.jsonl").write_text("")
    far = Counting(tmp_path, remote=True)
    found, known = listing(far), listing(FolderStore(tmp_path))
    assert found == known
    assert list(found.parts) == sorted(found.parts)
    assert found.count == sum(1 for _ in tmp_path.rglob("*.jsonl"))
    assert (far.listings > 1) == (shards >= PAGE)
