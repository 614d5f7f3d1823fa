"""The bench's ledger of millions of objects is byte for byte one that a run writes."""

import msgspec
import pytest

from bench import far_ledger
from bench.far_ledger import FarLedger
from tests.unit.test_ledger import NEVER_S, RANK
from worker.core import keys
from worker.ledger import Author, LedgerWriter, Outcome
from worker.ledger.writer import FLUSH_COUNT
from worker.stores import open_store


@pytest.mark.parametrize("per_shard", [500, 420])
@pytest.mark.parametrize("shard", ["000000", "000001", "000777", "019999"])
def test_it_has_the_bytes_of_a_run(shard, per_shard, tmp_path, monkeypatch):
    def author(name):
        found = Author(worker=name, rank=0, world=1, blender="4.5.15", device="cpu")
        monkeypatch.setattr(Author, "of", lambda *_: found)

    made = FarLedger(per_shard)
    store = open_store(str(tmp_path))
    lines = made.lines(shard).splitlines()
    if int(shard) % far_ledger.ONE_WRITER:
        author(far_ledger.KILLED)
        killed = LedgerWriter(store, RANK, "4.5.15", "cpu", flush_s=NEVER_S)
        for line in lines[:FLUSH_COUNT]:
            killed.add(msgspec.json.decode(line, type=Outcome))
        lines = lines[FLUSH_COUNT:]
    author(far_ledger.WRITER)
    with LedgerWriter(store, RANK, "4.5.15", "cpu", flush_s=NEVER_S) as writer:
        for line in lines:
            writer.add(msgspec.json.decode(line, type=Outcome))
    sizes = {entry.key: entry.size for entry in store.list()}
    assert sizes == made.sizes(shard)
    assert {shard} == {keys.shard_of_part(key) for key in sizes if key.startswith(keys.LEDGER)}
    assert any(key.startswith(keys.SUMMARIES) for key in sizes)
    for key in sizes:
        assert store.read(key) == made.body(key)
