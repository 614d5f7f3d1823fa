"""What a fetched repository holds beside the objects that the index names."""

import pytest

from tests.integration.sources.hub import blob


def test_models_that_the_index_does_not_name_are_new(hub, make_fetcher):
    files = {"a.obj": "a", "b.glb": "b", "other rank.stl": "r", "sub/c d%.ply": "c", "r.md": "r"}
    commit = hub.commit(files, links=[("l.obj", "a.obj")])
    fetcher = make_fetcher()
    asked = blob(commit, "a.obj", "a")
    other = blob(commit, "other%20rank.stl")
    fetcher.plan([asked], lambda _: [other.file_identifier, "https://example.com/x.obj"])
    got = fetcher.fetch(asked)
    new = fetcher.new_objects()
    assert new == [blob(commit, "b.glb", "b"), blob(commit, "sub/c d%.ply", "c")]
    assert fetcher.new_objects() == []
    fetcher.plan(new)  # asked for while the repository is still here: no second fetch
    fetcher.release(got)
    assert [fetcher.fetch(ref).path.read_text() for ref in new] == ["b", "c"]
    assert hub.uploads() == 1


@pytest.mark.parametrize(("files", "asked_times"), [({"a.obj": "a"}, 0), ({"b.obj": "b"}, 1)])
def test_what_else_the_index_names_is_asked_where_a_repository_holds_more(
    hub, make_fetcher, files, asked_times
):
    commit = hub.commit({"a.obj": "a", "r.md": "r"} | files)
    asked = blob(commit, "a.obj", "a")
    times = []
    fetcher = make_fetcher()
    fetcher.plan([asked], lambda each: times.append(each.commit))  # None: not this rank's to tell
    assert times == []
    fetcher.fetch(asked)
    assert times == [commit] * asked_times
    assert fetcher.new_objects() == []
