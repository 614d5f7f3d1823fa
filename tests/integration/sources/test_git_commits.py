"""What a fetched commit holds is told once, whatever becomes of the object it was fetched for."""

import pytest

from tests.integration.sources.hub import blob
from worker.core.errors import Missing, Modified


def test_the_models_of_a_fetched_commit_are_told_once(hub, make_fetcher):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    files = {"a.obj": "a", "b.glb": "b", "sub/c d%.ply": "c", "r.md": "r", "large.stl": pointer}
    commit = hub.commit({**files, "line\nfeed.obj": "l"}, links=[("l.obj", "a.obj")])
    fetcher = make_fetcher()
    asked = blob(commit, "a.obj", "a")
    fetcher.plan([asked])
    got = fetcher.fetch(asked)
    (found,) = fetcher.fetched_commits()
    assert found.commit.commit == commit
    assert found.models == ("a.obj", "b.glb", "sub/c d%.ply")
    assert fetcher.fetched_commits() == []
    others = [blob(commit, path, files[path]) for path in found.models[1:]]
    assert [each.file_identifier for each in others] == [
        found.commit.blob(path) for path in found.models[1:]
    ]
    fetcher.plan(others)  # asked for while the repository is still here: no second fetch
    fetcher.release(got)
    assert [fetcher.fetch(ref).path.read_text() for ref in others] == ["b", "c"]
    assert fetcher.fetched_commits() == []
    assert hub.uploads() == 1


@pytest.mark.parametrize(
    ("path", "more", "error"),
    [("gone.obj", {}, Missing), ("a.obj", {"data": "another"}, Modified)],
)
def test_they_are_told_also_where_the_object_is_no_good(hub, make_fetcher, path, more, error):
    commit = hub.commit({"a.obj": "a", "b.obj": "b"})
    fetcher = make_fetcher()
    with pytest.raises(error):
        fetcher.fetch(blob(commit, path, **more))
    assert [each.models for each in fetcher.fetched_commits()] == [("a.obj", "b.obj")]


def test_a_commit_that_cannot_be_fetched_tells_of_nothing(hub, make_fetcher):
    hub.commit({"a.obj": "a"})
    fetcher = make_fetcher()
    with pytest.raises(Missing):
        fetcher.fetch(blob("0" * 40, "a.obj"))
    assert fetcher.fetched_commits() == []
