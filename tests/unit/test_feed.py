"""The feed: what of a shard, its ledger and its repositories is still to be done."""

import hashlib
from itertools import chain, repeat

import msgspec
import pytest

from worker import presets
from worker.core import keys
from worker.core.errors import Download
from worker.core.ranks import Rank
from worker.core.s3 import S3Options
from worker.index import builder, reader
from worker.index.record import ObjectRef
from worker.index.selection import Selection
from worker.ledger import LedgerWriter, Outcome, lost
from worker.run.feed import Feed
from worker.run.job import Job
from worker.run.progress import LogObserver
from worker.run.shutdown import Stop
from worker.sources.git_source import FetchedCommit, file_of
from worker.stores import open_store

BLOB = "https://github.com/org/repo/blob/" + "a" * 40 + "/"
A, B, C = (ObjectRef(file_identifier=f"{BLOB}{name}.obj", source="github") for name in "abc")
FETCHED = FetchedCommit(file_of(A.location)[0], ("a.obj", "b.obj", "c.obj"))


@pytest.fixture
def make_feed(tmp_path):
    """Make a feed over two shards, one with A and one with B."""
    names = tmp_path / "list.txt"
    names.write_text(f"{A.file_identifier}\n{B.file_identifier}\n")
    builder.build(str(names), str(tmp_path / "index"), shard_size=1)
    index = reader.open_index(str(tmp_path / "index"), S3Options())

    def make(index=index, **more):
        recipe = presets.load("default")
        job = Job(
            objects=2, index_digest=index.digest, preset_digest=hashlib.sha256().hexdigest(),
            recipe=recipe, rank=Rank(0, 1), **more,
        )  # fmt: skip
        store = open_store(str(tmp_path / "output"))
        return Feed(job, index, store, Stop(), LogObserver())

    return make


def names(batches):
    """The identifiers of all tasks in these batches."""
    return [task.ref.file_identifier for tasks in batches for task in tasks]


def test_a_discovery_that_a_later_shard_names_has_one_task(make_feed):
    feed = make_feed(render_new=True)
    listed = feed.listed()
    assert names([next(listed)]) == [A.file_identifier]
    assert [task.ref for task in feed.discover(FETCHED)] == [C]
    assert feed.discover(FETCHED) == []
    assert names(listed) == [B.file_identifier]
    assert names(feed.discovered()) == [C.file_identifier]


def test_discoveries_are_not_rendered_unasked(make_feed):
    feed = make_feed()
    listed = feed.listed()
    (first,) = next(listed)
    (found,) = feed.discover(FETCHED)
    assert (found.ref, found.shard, found.listed) == (C, first.shard, False)
    assert names(listed) == [B.file_identifier]
    assert names(feed.discovered()) == []


@pytest.mark.parametrize(("limit", "expected"), [(1, [A]), (2, [A, B]), (3, [A, B, C])])
def test_the_limit_is_of_listed_and_discovered_objects(make_feed, limit, expected):
    feed = make_feed(render_new=True, limit=limit)
    found = []
    for tasks in feed.listed():
        found += names([tasks])
        feed.discover(FETCHED)
    assert found + names(feed.discovered()) == [each.file_identifier for each in expected]


def test_a_first_run_makes_no_uid_before_its_first_object(make_feed, monkeypatch):
    made = []
    monkeypatch.setattr(keys, "uid_of", lambda identifier: made.append(identifier) or "")
    assert names([next(make_feed().listed())]) == [A.file_identifier]
    assert made == []


def test_what_an_earlier_run_found_is_not_rendered_where_another_shard_names_it(
    make_feed, tmp_path
):
    feed = make_feed(render_new=True)
    with LedgerWriter(open_store(str(tmp_path / "output")), Rank(0, 1), "3.4.1", "cpu") as to:
        for ref in (B, C):
            to.add(Outcome.new(ref, keys.shard_name(0), to.author))
    assert names(feed.listed()) == [A.file_identifier, B.file_identifier]
    assert feed.discover(FETCHED) == []
    assert names(feed.discovered()) == [C.file_identifier]


@pytest.mark.parametrize("render_new", [False, True])
def test_what_is_lost_is_open_again_and_discoveries_where_they_are_asked_for(
    make_feed, tmp_path, render_new
):
    store = open_store(str(tmp_path / "output"))
    with LedgerWriter(store, Rank(0, 1), "3.4.1", "cpu") as to:
        for ref, shard in ((A, 0), (B, 1), (C, 0)):
            new = Outcome.new(ref, keys.shard_name(shard), to.author)
            to.add(msgspec.structs.replace(new, outcome="rendered", size=5, listed=ref is not C))
    store.create(keys.render_zip(B.uid), b"whole")
    feed = make_feed(render_new=render_new, retry=frozenset({"lost"}))
    assert names(feed.listed()) == [A.file_identifier]
    assert names(feed.discovered()) == ([C.file_identifier] if render_new else [])
    assert [each.uid for each in feed.settled] == [B.uid]


def test_a_retried_object_counts_its_attempts_on(make_feed, tmp_path):
    store = open_store(str(tmp_path / "output"))
    with LedgerWriter(store, Rank(0, 1), "3.4.1", "cpu") as to:
        for ref, shard, attempt in ((A, 0, 1), (A, 0, 2), (C, 0, 4)):
            to.add(
                Outcome.failed(ref, keys.shard_name(shard), to.author, error=Download("no answer"),
                               seconds={}, attempt=attempt, listed=ref is not C)
            )  # fmt: skip
    feed = make_feed(render_new=True)
    batches = [*feed.listed(), *feed.discovered()]
    tasks = {task.ref.uid: task.attempt for batch in batches for task in batch}
    assert tasks == {A.uid: 3, B.uid: 1, C.uid: 5}


def test_settled_shards_are_read_together_and_nothing_is_read_behind_an_open_one(tmp_path):
    refs = [ObjectRef(file_identifier=f"{number:03d}.obj") for number in range(40)]
    (tmp_path / "list.txt").write_text("".join(f"{ref.file_identifier}\n" for ref in refs))
    builder.build(str(tmp_path / "list.txt"), str(tmp_path / "index"), shard_size=1)
    index = reader.open_index(str(tmp_path / "index"), S3Options())
    store = open_store(str(tmp_path / "output"))
    with LedgerWriter(store, Rank(0, 1), "3.4.1", "cpu") as to:
        for number in {*range(40)} - {0, 20, 39}:
            new = Outcome.new(refs[number], keys.shard_name(number), to.author)
            to.add(msgspec.structs.replace(new, outcome="rendered", listed=True))
    job = Job(objects=40, index_digest=index.digest, preset_digest="0" * 64,
              recipe=presets.load("default"), rank=Rank(0, 1))  # fmt: skip
    feed = Feed(job, index, store, Stop(), LogObserver())
    assert feed.has_work()
    assert feed.settled == []
    assert names(feed.listed()) == [refs[number].file_identifier for number in (0, 20, 39)]
    assert len(feed.settled) == 37


def test_a_finished_list_has_no_work_and_a_broken_shard_is_told(make_feed, tmp_path):
    store = open_store(str(tmp_path / "output"))
    feed = make_feed()
    assert feed.has_work()
    with LedgerWriter(store, Rank(0, 1), "3.4.1", "cpu") as to:
        for ref, shard in ((A, 0), (B, 1)):
            new = Outcome.new(ref, keys.shard_name(shard), to.author)
            to.add(msgspec.structs.replace(new, outcome="rendered", listed=True))
    feed = make_feed()
    assert not feed.has_work()
    assert [each.uid for each in feed.settled] == [A.uid, B.uid]
    (tmp_path / "index" / keys.shard_file(keys.shard_name(1))).write_text("no record")
    feed = make_feed()
    assert not feed.has_work()
    assert [str(error).count("000001") for error in feed.broken] == [1]
    assert list(feed.listed()) == []


def test_a_stop_ends_the_look_for_what_is_lost(tmp_path):
    store = open_store(str(tmp_path))
    with LedgerWriter(store, Rank(0, 1), "3.4.1", "cpu") as to:
        new = Outcome.new(A, keys.shard_name(0), to.author)
    gone = [msgspec.structs.replace(new, outcome="rendered", uid=f"{n}") for n in range(1000)]
    answers = chain(repeat(False, 100), repeat(True))
    assert len(lost(store, gone, lambda: next(answers))) == 100


def test_only_what_is_selected_is_open_listed_or_discovered(make_feed):
    for patterns, expected in (
        (("b.obj",), [B]),
        (("[ac].obj",), [A, C]),
        ((C.uid,), [C]),
    ):
        feed = make_feed(render_new=True, only=Selection(patterns))
        found = []
        for tasks in feed.listed():
            found += names([tasks])
            feed.discover(FETCHED)
        feed.discover(FETCHED)
        found += names(feed.discovered())
        assert found == [each.file_identifier for each in expected]
