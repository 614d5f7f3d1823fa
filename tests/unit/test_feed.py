"""The feed: what of a shard, its ledger and its repositories is still to be done."""

import hashlib
import threading

import msgspec
import pytest
import structlog.testing

from tests.patience import HANG_S
from worker import presets
from worker.core import keys
from worker.core.errors import Download
from worker.core.ranks import Rank
from worker.core.s3 import S3Options
from worker.index import builder, reader
from worker.index.record import ObjectRef
from worker.ledger import LedgerWriter, Outcome, lost
from worker.ledger.lost import BLOCK
from worker.run.feed import Feed
from worker.run.job import Job
from worker.run.progress import LogObserver
from worker.run.shutdown import Stop
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.stores import open_store

BLOB = "https://github.com/org/repo/blob/" + "a" * 40 + "/"
A, B, C = (ObjectRef(file_identifier=f"{BLOB}{name}.obj", source="github") for name in "abc")


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
            recipe=recipe, rank=Rank(0, 1, "flags"), **more,
        )  # fmt: skip
        fetcher = Fetcher(tmp_path / "fetched", limits=FetchLimits())
        store = open_store(str(tmp_path / "output"))
        return Feed(job, index, store, fetcher, Stop(), LogObserver())

    return make


def rest(feed, tasks):
    """The tasks that are left, each fetched at once; fails where the feed would wait for ever."""
    found = []

    def take():
        for task in tasks:
            found.append(task.ref.file_identifier)
            feed.fetched(task)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    thread.join(HANG_S)
    assert not thread.is_alive()
    return found


def test_a_new_object_that_a_later_shard_names_has_one_task(make_feed):
    feed = make_feed(render_new=True)
    tasks = feed.tasks()
    first = next(tasks)
    assert first.ref.file_identifier == A.file_identifier
    assert [feed.found(ref) for ref in (B, C, C)] == [None] * 3
    feed.fetched(first)
    assert rest(feed, tasks) == [B.file_identifier, C.file_identifier]
    assert feed.exhausted


def test_new_objects_are_not_rendered_unasked(make_feed):
    feed = make_feed()
    tasks = feed.tasks()
    first = next(tasks)
    assert feed.found(C) == first.shard
    assert feed.found(C) is None
    feed.fetched(first)
    assert rest(feed, tasks) == [B.file_identifier]


def test_a_first_run_makes_no_uid_before_its_first_object(make_feed, monkeypatch):
    made = []
    monkeypatch.setattr(keys, "uid_of", lambda identifier: made.append(identifier) or "")
    assert next(make_feed().tasks()).ref.file_identifier == A.file_identifier
    assert made == []


def test_what_an_earlier_run_found_is_not_rendered_where_another_shard_names_it(
    make_feed, tmp_path
):
    feed = make_feed(render_new=True)
    with LedgerWriter(
        open_store(str(tmp_path / "output")), Rank(0, 1, "flags"), "3.4.1", "cpu"
    ) as to:
        for ref in (B, C):
            to.add(Outcome.new(ref, keys.shard_name(0), to.author))
    assert rest(feed, feed.tasks()) == [each.file_identifier for each in (A, C, B)]


@pytest.mark.parametrize("render_new", [False, True])
def test_what_is_lost_is_open_again_and_new_objects_where_they_are_asked_for(
    make_feed, tmp_path, render_new
):
    store = open_store(str(tmp_path / "output"))
    with LedgerWriter(store, Rank(0, 1, "flags"), "3.4.1", "cpu") as to:
        for ref, shard in ((A, 0), (B, 1), (C, 0)):
            new = Outcome.new(ref, keys.shard_name(shard), to.author)
            to.add(msgspec.structs.replace(new, outcome="rendered", size=5, listed=ref is not C))
    store.create(keys.render_zip(B.uid), b"whole")
    feed = make_feed(render_new=render_new, retry=frozenset({"lost"}))
    again = [A, C] if render_new else [A]
    assert rest(feed, feed.tasks()) == [each.file_identifier for each in again]
    assert [each.uid for each in feed.settled()] == [B.uid]


def test_a_retried_object_counts_its_attempts_on(make_feed, tmp_path):
    store = open_store(str(tmp_path / "output"))
    with LedgerWriter(store, Rank(0, 1, "flags"), "3.4.1", "cpu") as to:
        for ref, shard, attempt in ((A, 0, 1), (A, 0, 2), (C, 0, 4)):
            to.add(
                Outcome.failed(ref, keys.shard_name(shard), to.author, error=Download("no answer"),
                               seconds={}, attempt=attempt, listed=ref is not C)
            )  # fmt: skip
    tasks = {}
    feed = make_feed(render_new=True)
    for task in feed.tasks():
        feed.fetched(task)
        tasks[task.ref.uid] = task.attempt
    assert tasks == {A.uid: 3, B.uid: 1, C.uid: 5}


def test_a_stop_ends_the_look_for_what_is_lost(tmp_path):
    store = open_store(str(tmp_path))
    with LedgerWriter(store, Rank(0, 1, "flags"), "3.4.1", "cpu") as to:
        new = Outcome.new(A, keys.shard_name(0), to.author)
    gone = [msgspec.structs.replace(new, outcome="rendered", uid=f"{n}") for n in range(1000)]
    answers = iter([False, True])
    assert len(lost(store, gone, lambda: next(answers))) == BLOCK


@pytest.mark.parametrize(
    ("limit", "expected"), [(0, ""), (1, "a"), (2, "ab"), (3, "abc"), (9, "abc")]
)
def test_a_limit_is_of_all_shards_and_of_what_was_found_besides(make_feed, limit, expected):
    feed = make_feed(limit=limit, render_new=True)
    tasks = []
    for task in feed.tasks():
        tasks.append(task.ref.file_identifier)
        if task.ref.uid == A.uid:
            feed.found(C)
        feed.fetched(task)
    assert tasks == [f"{BLOB}{name}.obj" for name in expected]


def test_no_more_of_a_shard_is_planned_than_the_limit_leaves(make_feed, tmp_path):
    """What is planned of a repository keeps it on disk until it was fetched."""
    names = tmp_path / "one.txt"
    names.write_text("".join(f"{ref.file_identifier}\n" for ref in (A, B, C)))
    index = reader.open_index(str(names), S3Options())
    with structlog.testing.capture_logs() as logs:
        feed = make_feed(limit=2, index=index)
        assert rest(feed, feed.tasks()) == [A.file_identifier, B.file_identifier]
    assert [line["open"] for line in logs if line["event"] == "shard"] == [2]
