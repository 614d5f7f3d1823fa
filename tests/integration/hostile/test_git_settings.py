"""What a repository says of itself leads nowhere: LFS servers, submodules, odd refs, huge blobs."""

import pytest

from tests.integration.sources.hub import Hub, blob
from tests.integration.sources.servers import listening
from worker.core.errors import Missing, TooLarge
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 9\n".format("0" * 64)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    return Hub(tmp_path, monkeypatch)


@pytest.fixture
def fetcher(tmp_path):
    limits = FetchLimits(max_bytes=1_000_000, attempts=1)
    return Fetcher(tmp_path / "scratch", limits=limits)


def left(tmp_path):
    return [path for part in ("objects", "repositories")
            for path in (tmp_path / "scratch" / part).rglob("*")]  # fmt: skip


def test_a_pointer_of_lfs_leads_to_no_server(hub, fetcher, tmp_path):
    """Of the repository's own choice, in each file where it may name one."""
    mark = tmp_path / "ran"
    with listening() as (port, got):
        server = f"http://127.0.0.1:{port}/lfs"
        commit = hub.commit({
            "a.obj": POINTER, "b.obj": "v 0 0 0\n",
            ".lfsconfig": f"[lfs]\n url = {server}\n[remote]\n lfspushurl = {server}\n",
            ".gitattributes": "*.obj filter=lfs diff=lfs merge=lfs -text\n",
            ".gitconfig": f"[lfs]\n url = {server}\n[core]\n fsmonitor = touch {mark}\n",
        })  # fmt: skip
        with pytest.raises(Missing, match="Git LFS pointer"):
            fetcher.fetch(blob(commit, "a.obj"))
        assert fetcher.fetch(blob(commit, "b.obj")).path.read_text() == "v 0 0 0\n"
    assert got == []
    assert not mark.exists()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/a.git", "git://127.0.0.1:{port}/a", "../../../outside",
     "ext::sh -c touch% {mark}", "--upload-pack=touch {mark}", "file://{outside}",
     "ssh://-oProxyCommand=touch%20{mark}/x", "\u202etig.a/moc.elpmaxe//:sptth"],
)  # fmt: skip
def test_a_submodule_with_an_odd_url(hub, fetcher, tmp_path, url):
    mark, outside = tmp_path / "ran", tmp_path / "outside"
    outside.mkdir()
    with listening() as (port, got):
        said = url.format(port=port, mark=mark, outside=outside)

        def submodule(work):
            (work / ".gitmodules").write_text(
                f'[submodule "../../x"]\n path = sub\n url = "{said}"\n update = checkout\n'
            )
            index = ("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
            hub.git("-C", str(work), *index)

        commit = hub.commit({"a.obj": "v"}, prepare=submodule)
        assert fetcher.fetch(blob(commit, "a.obj")).path.read_text() == "v"
        with pytest.raises(Missing):
            fetcher.fetch(blob(commit, "sub/a.obj"))
    assert got == []
    assert not mark.exists()
    assert not list(outside.iterdir())


def test_refs_with_odd_names_are_not_in_the_way(hub, fetcher, tmp_path):
    commit = hub.commit({"a.obj": "v"})
    bare = tmp_path / "hub" / "org" / "repo.git"
    refs = [f"refs/heads/{name}" for name in ("\u202eniam", "a\u2028b", "-oX", "--exec=x", "HEAD")]
    packed = "# pack-refs with: peeled fully-peeled sorted\n" + "".join(
        f"{commit} {ref}\n"
        for ref in sorted([*refs, "refs/heads/../../x", "refs/tags/" + "n" * 4000])
    )
    (bare / "packed-refs").write_text(packed)
    assert fetcher.fetch(blob(commit, "a.obj")).path.read_text() == "v"


def test_a_huge_blob_is_refused_by_what_it_unpacks_to(hub, fetcher, tmp_path):
    """A pack of some KB, that holds 200 MB of zeros beside the model."""
    hub.commit({"a.obj": "v"})
    huge = hub.bare("hash-object", "-w", "--stdin", given=bytes(200 << 20))
    small = hub.bare("hash-object", "-w", "--stdin", given=b"v")
    entries = (b"100644 blob %s\t%s\0" % each for each in ((small, b"a.obj"), (huge, b"z.obj")))
    tree = hub.bare("mktree", "-z", given=b"".join(entries))
    commit = hub.bare("commit-tree", "-m", "c", tree).decode()
    hub.bare("update-ref", "refs/heads/main", commit)
    with pytest.raises(TooLarge):
        fetcher.fetch(blob(commit, "z.obj"))
    assert left(tmp_path) == []
