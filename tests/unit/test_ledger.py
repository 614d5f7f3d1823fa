"""The ledger: parts that never change, folded into one outcome per object."""

import threading
from pathlib import Path

import msgspec
import pytest
import stamina
import structlog.testing

from tests.patience import HANG_S, until
from worker.core import keys
from worker.core.errors import OBJECT_ERRORS, Download, ImportFailed, ObjectInterrupted, StoreError
from worker.core.ranks import Rank
from worker.index.record import ObjectRef
from worker.ledger import (
    LedgerLine,
    LedgerWriter,
    Outcome,
    fold,
    lost,
    parts_of,
    read_ledger,
    settled,
)
from worker.pack.result import PackedObject
from worker.stores import open_store

RANK = Rank(3, 8)
NEVER_S = 1e6
"""For `flush_s`, where a test counts what is written."""


def ref(number):
    return ObjectRef(file_identifier=f"object-{number}.glb")


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "output"))


@pytest.fixture
def writer(store):
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        yield writer


def rendered(number, writer, shard="000000", attempt=1):
    packed = PackedObject(
        ref=ref(number), path=Path("a.zip"), sha256="ab" * 32, size=7, views=12, runtime={},
        render_s=1.5,
    )  # fmt: skip
    return Outcome.rendered(
        ref(number), shard, writer.author, packed=packed, seconds={"render": 1.5}, attempt=attempt
    )


def failed(number, writer, error, shard="000000", attempt=1):
    return Outcome.failed(
        ref(number), shard, writer.author, error=error, seconds={}, attempt=attempt
    )


def parts(store, shard="000000"):
    return [entry.key for entry in store.list(keys.ledger_of(shard))]


def test_outcomes_come_back_as_they_were_written(store):
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        given = [
            rendered(1, writer),
            failed(2, writer, ImportFailed("line\nbreak \x1b[31m é", ("tail", "")), attempt=4),
            Outcome.new(ref(3), "000000", writer.author),
        ]
        for outcome in given:
            writer.add(outcome)
    assert list(read_ledger(store, "000000").values()) == given
    assert given[0].rank == 3
    assert given[0].world == 8
    assert given[0].time.endswith("Z")
    assert given[1].log_tail == ("tail", "")
    assert read_ledger(store, "000001") == {}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("fatal: no\n\n  Please\r\nlook", "fatal: no Please look"),
        ("caf" + chr(0xDCE9) + ".obj: gone", r"caf\xe9.obj: gone"),
        ("a.obj: " + "x" * 4_000_000 + " as it is long", None),
    ],
)
def test_a_failure_is_told_in_one_line_of_some_length(store, said, told):
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        writer.add(failed(1, writer, Download(said)))
    (line,) = read_ledger(store, "000000").values()
    if told is not None:
        assert line.message == told
    else:
        assert len(line.message) == 1000
        assert line.message.startswith("a.obj: xxx")
        assert line.message.endswith("xxx as it is long")
        assert " … " in line.message


def test_parts_are_flushed_by_count_and_by_shard(store):
    with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_count=3, flush_s=NEVER_S) as writer:
        for number in range(5):
            writer.add(rendered(number, writer, shard=f"{number % 2:06d}"))
        assert (len(parts(store, "000000")), len(parts(store, "000001"))) == (1, 1)
    assert (len(parts(store, "000000")), len(parts(store, "000001"))) == (3, 3)
    assert len(parts_of(store, "000000")) == 1, "joined at the end"
    assert len(read_ledger(store, "000000")) == 3


def test_parts_are_flushed_in_time(store):
    with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_s=0.05) as writer:
        writer.add(rendered(1, writer))
        until(lambda: parts(store))
    assert len(parts(store)) == 1, "nothing new, no other part"


def test_last_words_are_written_but_not_waited_for_when_the_store_hangs(store, monkeypatch):
    hangs, free, freed = threading.Event(), threading.Event(), []
    with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_s=NEVER_S) as writer:
        writer.add(rendered(1, writer))
        create = store.create

        def hang(key, body):
            hangs.set()
            freed.append(free.wait(HANG_S))
            return create(key, body)

        monkeypatch.setattr(store, "create", hang)
        writer.last_words(0.2)
        assert hangs.wait(HANG_S)
        writer.add(rendered(2, writer))  # too late
        free.set()
    assert freed == [True], "waited for"
    assert [line.uid for line in read_ledger(store, "000000").values()] == [ref(1).uid]


def test_many_threads_lose_nothing(store):
    with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_count=7, flush_s=0.01) as writer:

        def add(start):
            for number in range(start, start + 50):
                writer.add(rendered(number, writer))

        threads = [threading.Thread(target=add, args=(100 * n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(parts(store)) > 1
    lines = [line for key in parts_of(store, "000000") for line in store.read(key).splitlines()]
    assert len(lines) == 200
    assert len(read_ledger(store, "000000")) == 200


def test_what_could_not_be_written_is_written_later(tmp_path):
    place = tmp_path / "output"
    place.write_text("a file in the way")
    store = open_store(str(place))
    with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_count=2, flush_s=NEVER_S) as writer:
        writer.add(rendered(1, writer))
        with pytest.raises(StoreError):
            writer.add(rendered(2, writer))
        with pytest.raises(StoreError):
            writer.flush()
        place.unlink()
        writer.add(rendered(3, writer))
    assert len(read_ledger(store, "000000")) == 3


def test_a_run_that_ends_on_an_error_ends_on_that_error(tmp_path):
    (tmp_path / "output").write_text("a file in the way")
    store = open_store(str(tmp_path / "output"))

    def run(error=None):
        with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_s=NEVER_S) as writer:
            writer.add(rendered(1, writer))
            if error:
                raise error

    with structlog.testing.capture_logs() as logs, pytest.raises(ZeroDivisionError):
        run(ZeroDivisionError())
    assert [line["event"] for line in logs] == ["cannot write the last outcomes to the ledger"]
    # As many tries, without the pauses between them.
    with stamina.set_testing(testing=True, attempts=3), pytest.raises(StoreError):
        run()


def test_writers_have_names_of_their_own(store):
    names = {LedgerWriter(store, RANK, "4.5.3", "cpu").author.worker for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("r000003-") for name in names)


def line(outcome, at, code=None):
    return LedgerLine(uid="a", outcome=outcome, code=code, time=f"2026-01-01T00:00:{at:02d}.000Z")


@pytest.mark.parametrize(("lines", "kept"), [
    ([line("failed", 1, "crash"), line("failed", 2, "memory")], 1),
    ([line("failed", 2, "crash"), line("failed", 1, "memory")], 0),
    ([line("failed", 1, "crash"), line("failed", 1, "memory")], 1),
    ([line("rendered", 1), line("failed", 2, "crash")], 0),
    ([line("failed", 2, "crash"), line("rendered", 1)], 1),
    ([line("new", 1), line("rendered", 2)], 1),
    ([line("rendered", 1), line("new", 2)], 0),
    ([line("rendered", 1), line("rendered", 2)], 1),
])  # fmt: skip
def test_rendered_stays_else_the_latest_counts(lines, kept):
    outcomes = {}
    fold(outcomes, lines)
    assert outcomes == {"a": lines[kept]}


def test_only_what_may_succeed_is_tried_again():
    for outcome in ("rendered", "new"):
        assert settled(line(outcome, 1), frozenset({"all"}))
    again = {
        code for code in OBJECT_ERRORS if not settled(line("failed", 1, code), frozenset())
    }  # fmt: skip
    assert again == {"download", "publish", "interrupted", "internal"}
    assert not settled(line("failed", 1, "crash"), frozenset({"crash", "import"}))
    assert settled(line("failed", 1, "timeout"), frozenset({"crash", "import"}))
    assert not settled(line("failed", 1, "timeout"), frozenset({"all"}))


def test_a_failure_carries_its_errors_code(writer):
    assert failed(1, writer, Download("no route")).code == "download"
    assert failed(1, writer, ObjectInterrupted("stopped")).retryable
    assert not failed(1, writer, ImportFailed("bad")).retryable


def test_a_damaged_part_is_named_and_the_rest_kept(store, writer):
    good = [msgspec.json.encode(rendered(number, writer)) for number in range(3)]
    lines = [good[0], b"\xff{not json", good[1], b'{"uid":"x","outcome":"exploded"}', good[2][:40]]
    store.create(keys.ledger_part("000000", "w", 1), b"\n".join(lines))
    store.create(keys.ledger_part("000000", "w", 2), good[2] + b"\n")
    with structlog.testing.capture_logs() as logs:
        outcomes = read_ledger(store, "000000")
    assert list(outcomes) == [ref(number).uid for number in range(3)]
    assert [(each["part"], each["line"]) for each in logs] == [
        (keys.ledger_part("000000", "w", 1), number) for number in (2, 4, 5)
    ]


@pytest.mark.parametrize(("recorded", "gone"), [(5, False), (4, True), (6, True), (None, False)])
def test_a_zip_of_another_size_than_was_recorded_is_lost(store, writer, recorded, gone):
    outcome = msgspec.structs.replace(rendered(1, writer), size=recorded)
    store.create(keys.render_zip(outcome.uid), b"whole")
    assert lost(store, [outcome], lambda: False) == ({outcome.uid} if gone else set())
