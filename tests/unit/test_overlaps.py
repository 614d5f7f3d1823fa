"""Two workers that render the same objects at once are noticed; any other two are not."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog.testing

from worker.core import keys
from worker.core.errors import Download, StoreError
from worker.core.ranks import Rank
from worker.index.record import ObjectRef
from worker.ledger import LedgerWriter, Outcome, OverlapWatch, parts_of
from worker.pack.result import PackedObject
from worker.stores import open_store

NEVER_S = 1e6
WORDS = "another worker does the same objects at the same time"


class Worker:
    """A writer of the ledger with its watch."""

    def __init__(self, store, rank, *, striped=False, known=()):
        self.watch = OverlapWatch(store, rank, striped=striped, known=known)
        self.writer = LedgerWriter(store, rank, "4.5.3", "cpu", flush_s=NEVER_S, watch=self.watch)

    def render(self, *numbers, shard="000000"):
        for number in numbers:
            ref = ObjectRef(file_identifier=f"object-{number}.glb")
            packed = PackedObject(
                ref=ref, path=Path("x.zip"), sha256="0" * 64, size=1, views=1, runtime={},
                render_s=1.0,
            )  # fmt: skip
            self.writer.add(
                Outcome.rendered(
                    ref, shard, self.writer.author, packed=packed, seconds={}, attempt=1
                )
            )
        self.writer.flush()

    def fail(self, number):
        ref = ObjectRef(file_identifier=f"object-{number}.glb")
        error = Download("gone")
        self.writer.add(
            Outcome.failed(ref, "000000", self.writer.author, error=error, seconds={}, attempt=1)
        )
        self.writer.flush()

    def end(self):
        self.writer.close()
        self.watch.look(last=True)


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "output"))


def warnings(logs) -> list[dict]:
    return [line for line in logs if line["event"].startswith(WORDS)]


def test_two_jobs_of_the_same_rank_are_told_once(store):
    with structlog.testing.capture_logs() as logs:
        one, two = Worker(store, Rank(1, 4)), Worker(store, Rank(1, 4))
        one.render(1, 2)
        two.render(2, 3)
        two.render(1)
        two.end()
    (line,) = warnings(logs)
    assert (line["shard"], line["objects"]) == ("000000", 1)
    assert line["other"] == one.writer.author.worker
    assert line["other_rank"] == "1 of 4"
    assert "stop one" in line["advice"]


def test_two_arrays_of_different_sizes_are_told(store):
    one, two = Worker(store, Rank(5, 8)), Worker(store, Rank(1, 4))
    with structlog.testing.capture_logs() as logs:
        one.render(1, shard="000005")
        two.render(1, shard="000005")
        one.end()
        two.end()
    assert len(warnings(logs)) == 1
    assert warnings(logs)[0]["other_rank"] == "5 of 8"


def test_the_first_one_tells_at_its_end(store):
    one, two = Worker(store, Rank(0, 1)), Worker(store, Rank(0, 1))
    one.render(1)
    one.render(2)
    one.render(3)  # the third part's turn to be looked at does not come
    two.render(3)
    with structlog.testing.capture_logs() as logs:
        one.end()
    assert len(warnings(logs)) == 1


def test_a_run_that_goes_on_where_another_stopped_is_none(store):
    with structlog.testing.capture_logs() as logs:
        first = Worker(store, Rank(0, 1))
        first.render(1, 2)
        first.fail(3)
        first.end()
        second = Worker(store, Rank(0, 1))
        second.render(3, 4)
        second.end()
    assert warnings(logs) == []


def test_what_was_there_at_the_start_is_of_no_one_beside(store):
    """As where a group of which a killed export recorded a part is exported again."""
    Worker(store, Rank(0, 1)).render(1, 2)
    known = parts_of(store, "000000")
    one, two = Worker(store, Rank(0, 1), known=known), Worker(store, Rank(0, 1), known=known)
    with structlog.testing.capture_logs() as logs:
        one.render(1, 2, 3)
        one.end()
        assert warnings(logs) == []
        two.render(3)
    assert [line["objects"] for line in warnings(logs)] == [1]


def test_ranks_that_share_a_shard_are_none(store):
    with structlog.testing.capture_logs() as logs:
        ranks = [Worker(store, Rank(rank, 3), striped=True) for rank in range(3)]
        for number, rank in enumerate(ranks):
            rank.render(number, number + 3)
        for rank in ranks:
            rank.end()
    assert warnings(logs) == []


def test_two_jobs_of_a_rank_that_shares_a_shard_are_told(store):
    others = [Worker(store, Rank(rank, 3), striped=True) for rank in (0, 2)]
    one, two = (Worker(store, Rank(1, 3), striped=True) for _ in range(2))
    with structlog.testing.capture_logs() as logs:
        for number, worker in enumerate((*others, one, two)):
            worker.render(min(number, 2))
        two.end()
    assert len(warnings(logs)) == 1


def test_looks_are_few_and_read_few(store, monkeypatch):
    for _ in range(30):
        Worker(store, Rank(0, 1)).render(0)
    worker, listed, read = Worker(store, Rank(0, 1)), [], []
    list_of, read_of = store.list, store.read
    monkeypatch.setattr(store, "list", lambda prefix: listed.append(prefix) or list_of(prefix))
    monkeypatch.setattr(store, "read", lambda key: read.append(key) or read_of(key))
    for number in range(1, 65):
        worker.render(number)
    assert listed == [keys.ledger_of("000000")] * 7
    assert len(read) == 30 == len(set(read))  # at most 16 at a look, none twice


def test_a_store_that_does_not_list_ends_nothing(store, monkeypatch):
    def broken(_):
        raise StoreError("no listing")

    monkeypatch.setattr(store, "list", broken)
    worker = Worker(store, Rank(0, 1))
    worker.render(1)
    worker.end()
