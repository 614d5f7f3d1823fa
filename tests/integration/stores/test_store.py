"""What every store must do, on each of them."""

import hashlib
import threading

import pytest

from worker.core.errors import StoreError
from worker.stores import Entry, Stat, open_store
from worker.stores.base import TooLargeToRead

BODY = b"\x00zip\xff" * 70_000


def test_check_leaves_no_key(store):
    store.check()
    store.check()
    assert list(store.list()) == []


def test_created_bytes_are_read_back(store, tmp_path):
    file = tmp_path / "file.zip"
    file.write_bytes(BODY)
    assert store.create("renders/a.zip", file)
    assert store.create("job.json", b"{}")
    assert store.create("empty", b"")
    assert store.read("renders/a.zip") == BODY
    assert store.read("empty") == b""
    assert store.stat("renders/a.zip") == Stat(len(BODY), hashlib.sha256(BODY).hexdigest())


def test_no_more_is_read_than_was_asked_for(store):
    store.create("a", BODY)
    assert store.read("a", len(BODY)) == BODY
    assert store.read("b", 0) is None
    with pytest.raises(TooLargeToRead) as told:
        store.read("a", len(BODY) - 1)
    assert told.value.size == len(BODY)
    assert store.read("a") == BODY


def test_a_key_is_created_once(store, tmp_path):
    same = tmp_path / "same"
    same.write_bytes(b"first")
    assert store.create("job.json", b"first")
    assert not store.create("job.json", b"other")
    assert not store.create("job.json", b"longer than the first")
    assert store.read("job.json") == b"first"
    assert store.create("job.json", b"first"), "the same bytes stand there: done"
    assert store.create("job.json", same)


def test_what_is_not_there_is_none(store):
    assert store.read("renders/a.zip") is None
    assert store.stat("renders/a.zip") is None
    assert list(store.list("renders/")) == []
    store.create("renders/a.zip", b"a")
    assert store.read("renders") is None
    assert store.stat("renders") is None
    assert store.read("renders/a.zip/b") is None


KEYS = [
    "job.json", "a.b/c", "a/b-c", "a/b/0", "a/b/é", "a/bb", "ab", "z", "A", "a b+%&=?/#",
    ".a", "a/.b/c",
]  # fmt: skip


def test_listings_are_in_key_order_and_the_same_everywhere(store):
    for number, key in enumerate(KEYS):
        assert store.create(key, b"x" * number)
    in_order = sorted(KEYS, key=str.encode)
    assert list(store.list()) == [Entry(key, KEYS.index(key)) for key in in_order]
    for prefix in ("a", "a/", "a/b", "a/b/", "a b", "job.json", "none/at/all", "A"):
        assert [entry.key for entry in store.list(prefix)] == [
            key for key in in_order if key.startswith(prefix)
        ]


def test_a_listing_has_bounds(store):
    for key in KEYS:
        assert store.create(key, b"")
    in_order = sorted(KEYS, key=str.encode)
    for after, before in (("a", ""), ("a/b/0", ""), ("", "a/bb"), ("a.b", "ab"), ("z", "A")):
        assert [entry.key for entry in store.list(after=after, before=before)] == [
            key for key in in_order if key > after and (not before or key < before)
        ]
    assert [entry.key for entry in store.list("a/", after="a/b-c", before="a/bb")] == [
        "a/b/0", "a/b/é",
    ]  # fmt: skip


def test_listings_of_many_pages_are_whole(make_s3_store, monkeypatch):
    monkeypatch.setattr("worker.stores.s3.PAGE", 10)
    store = make_s3_store()
    keys = [f"ledger/{number:04d}.jsonl" for number in range(35)]
    for key in reversed(keys):
        store.create(key, b"")
    assert [entry.key for entry in store.list("ledger/")] == keys


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/x",
        "../x",
        "a/../x",
        "a//b",
        "a/",
        "./a",
        "a/.",
        ".tmp-1",
        "a/.probe-1/b",
        "a\nb",
        "a\0b",
    ],
)
def test_unsafe_keys_are_refused(tmp_path, key):
    store = open_store(str(tmp_path / "output"))
    for act in (store.read, store.stat, lambda key: store.create(key, b"")):
        with pytest.raises(StoreError, match="unsafe key"):
            act(key)
    assert list(tmp_path.iterdir()) == []


def test_of_racing_writers_exactly_one_wins(make_store):
    writers = 8
    stores = [make_store() for _ in range(writers)]
    for race in range(5):
        key = f"renders/{race}.zip"
        bodies = [bytes([writer]) * (50_000 + writer) for writer in range(writers)]
        start = threading.Barrier(writers)
        won = [False] * writers

        def write(writer, key=key, bodies=bodies, start=start, won=won):
            start.wait()
            won[writer] = stores[writer].create(key, bodies[writer])

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert won.count(True) == 1
        assert stores[0].read(key) == bodies[won.index(True)]


def test_racing_writers_of_the_same_bytes_all_succeed(make_store):
    stores = [make_store() for _ in range(4)]
    won = []
    threads = [
        threading.Thread(target=lambda store=store: won.append(store.create("a", BODY)))
        for store in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [True] * 4
    assert stores[0].read("a") == BODY
