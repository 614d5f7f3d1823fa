"""Repositories kept: once a commit, whoever asks for whichever of its objects."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.sources.hub import blob
from worker.core.s3 import S3Options
from worker.sources.keeper import FORMATS, Keeper
from worker.stores import open_store


class Counting:
    """A store that counts what is put into it."""

    def __init__(self, store):
        self._store = store
        self.created = []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def create(self, key, body):
        self.created.append(key)
        return self._store.create(key, body)


@pytest.mark.parametrize("form", FORMATS)
def test_a_repository_is_kept_once_whichever_of_its_objects_are_asked_for(
    hub, make_fetcher, tmp_path, form
):
    first = hub.commit({"a.obj": "a", "b.obj": "b", "t/w.png": "w"})
    second = hub.commit({"b.obj": "other"})
    store = Counting(open_store(str(tmp_path / "kept"), S3Options()))
    store.check()
    refs = [blob(first, "a.obj", "a"), blob(first, "b.obj", "b"), blob(second, "b.obj", "other")]
    fetcher = make_fetcher(keep=Keeper(store, form))
    fetcher.plan(refs)
    with ThreadPoolExecutor(3) as pool:
        for got in pool.map(fetcher.fetch, refs):
            fetcher.release(got)
    place = "downloads/github/org/repo"
    if form == "files":
        names = ("a.obj", "b.obj", "t/w.png")
        wanted = {f"{place}/{commit}/{name}" for commit in (first, second) for name in names}
        assert store.read(f"{place}/{first}/b.obj") == b"b"
        assert store.read(f"{place}/{second}/b.obj") == b"other"
    else:
        wanted = {f"{place}/{commit}.{form}" for commit in (first, second)}
    assert {entry.key for entry in store.list()} == wanted
    assert sorted(store.created) == sorted(wanted)


def test_a_repository_is_kept_by_a_later_worker_as_by_the_first(hub, make_fetcher, tmp_path):
    commit = hub.commit({"a.obj": "a", "b.obj": "b"})
    kept = {}
    for name, path in (("one", "a.obj"), ("two", "b.obj")):
        store = open_store(str(tmp_path / name), S3Options())
        make_fetcher(keep=Keeper(store, "tar.gz")).fetch(blob(commit, path))
        kept[name] = {entry.key: store.read(entry.key) for entry in store.list()}
    assert len(kept["one"]) == 1
    assert kept["one"] == kept["two"]
