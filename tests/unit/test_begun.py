"""Notes of begun objects: what they cost, what they mark, and what settles them."""

from __future__ import annotations

from collections import Counter

import pytest

from worker.core import keys, memory
from worker.core.errors import Crash, OutOfMemory, StoreError
from worker.index.record import ObjectRef
from worker.ledger import BegunNotes, BegunObject, Marks, begun, read_marks
from worker.run.pipeline import BEGUN_AHEAD
from worker.run.suspects import verdict
from worker.run.task import Task
from worker.stores import open_store

SHARD = "000000"


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "out"))


def objects(*uids, shard=SHARD, attempt=1):
    return [BegunObject(shard, uid, attempt) for uid in uids]


class Counting:
    """A real store that counts its requests."""

    def __init__(self, store):
        self._store = store
        self.requests = Counter()

    def __getattr__(self, name):
        self.requests[name] += 1
        return getattr(self._store, name)


def test_a_shard_of_500_costs_a_write_for_16_objects(store):
    counting = Counting(store)
    notes = BegunNotes(counting, "w")
    uids = [str(number) for number in range(500)]
    for window in (uids[at : at + BEGUN_AHEAD] for at in range(0, 500, BEGUN_AHEAD)):
        notes.begin(objects(*window))
        for uid in window:
            notes.end(SHARD, uid)
    notes.settle()
    assert counting.requests == {"replace": 33}
    before = counting.requests.copy()
    assert read_marks(counting, SHARD) == {}
    assert counting.requests - before == {"list": 1}


def test_who_was_killed_leaves_marks_and_who_ended_leaves_none(store):
    killed, ended, again = (BegunNotes(store, name) for name in "abc")
    killed.begin(objects("x", "y", "z"))
    killed.end(SHARD, "z")
    ended.begin(objects("x"))
    ended.settle()
    ended.begin(objects("x"))  # after a stop nothing is begun
    assert read_marks(store, SHARD) == {(uid, 1): Marks(together=1) for uid in "xyz"}
    killed.begin(objects("v"))  # only now is the outcome of z in the note
    assert {uid for uid, _ in read_marks(store, SHARD)} == set("xyv")
    again.begin(objects("x"), alone=True)
    marks = read_marks(store, SHARD)
    assert marks["x", 1] == Marks(together=1, alone=1)
    assert [marks[uid, 1].blamed for uid in "xyv"] == [True, False, False]
    assert read_marks(store, "000001") == {}


def test_a_mark_is_of_one_attempt(store):
    BegunNotes(store, "a").begin(objects("x"), alone=True)
    BegunNotes(store, "b").begin(objects("x", attempt=2), alone=True)
    marks = read_marks(store, SHARD)
    assert marks == {("x", 1): Marks(alone=1), ("x", 2): Marks(alone=1)}


@pytest.mark.parametrize(
    ("together", "alone", "blamed"),
    [(1, 0, False), (5, 0, False), (0, 1, False), (1, 1, True), (0, 2, True)],
)
def test_only_who_was_alone_is_blamed(together, alone, blamed):
    assert Marks(together=together, alone=alone).blamed == blamed


def test_a_shard_that_is_done_is_settled_when_the_next_begins(store):
    notes = BegunNotes(store, "w")
    notes.begin(objects("x"))
    notes.begin(objects("y", shard="000001"))
    sizes = {entry.key: entry.size for entry in store.list(keys.BEGUN)}
    assert all(sizes.values())
    notes.end(SHARD, "x")
    notes.begin(objects("z", shard="000001"))
    assert read_marks(store, SHARD) == {}
    assert set(read_marks(store, "000001")) == {("y", 1), ("z", 1)}


def test_a_damaged_note_marks_nothing(store):
    store.replace(keys.begun_note(SHARD, "w"), b'{"objects": [', "application/json")
    BegunNotes(store, "v").begin(objects("x"))
    assert set(read_marks(store, SHARD)) == {("x", 1)}


def test_a_note_that_cannot_be_written_is_no_reason_to_stop(store, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "begun").write_text("in the way")
    notes = BegunNotes(store, "w")
    notes.begin(objects("x"))
    notes.settle()
    (tmp_path / "out" / "begun").unlink()
    (tmp_path / "out").rmdir()
    (tmp_path / "out").write_text("in the way of all")
    with pytest.raises(StoreError):
        BegunNotes(store, "w").begin(objects("x"))


@pytest.mark.parametrize(("since", "elsewhere", "starved"), [(1, False, True), (0, False, False),
                                                             (1, True, False)])  # fmt: skip
def test_the_kernels_kills_are_evidence_in_the_same_group(
    store, monkeypatch, since, elsewhere, starved
):
    count = memory.kernel_kills()
    BegunNotes(store, "w").begin(objects("x"))
    BegunNotes(store, "v").begin(objects("x"), alone=True)
    monkeypatch.setattr(begun.memory, "kernel_kills", lambda: count + since)
    if elsewhere:
        monkeypatch.setattr(begun.memory, "group", lambda: "another")
    marks = read_marks(store, SHARD)["x", 1]
    assert marks.memory == starved
    error = verdict(task(marks), store, 0)
    assert isinstance(error, OutOfMemory if starved else Crash)
    assert f"--retry {error.code}" in str(error)
    assert error.step == "render"


def task(marks):
    return Task(SHARD, ObjectRef(file_identifier="x.obj"), 1, marks=marks)


def test_what_was_published_is_not_blamed(store):
    suspect = task(Marks(together=1, alone=1))
    assert verdict(task(None), store, 0) is None
    assert verdict(task(Marks(together=3)), store, 0) is None
    assert isinstance(verdict(suspect, store, 0), Crash)
    store.create(keys.render_zip(suspect.ref.uid), b"a zip")
    assert verdict(suspect, store, 0) is None
