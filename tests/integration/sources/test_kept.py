"""What a fetch keeps, read again: the same files, whatever they are named, and nothing trusted."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile

import msgspec
import pytest

from tests.integration.sources.hub import blob
from tests.integration.sources.references import at
from tests.integration.sources.servers import body
from tests.tools.moto import s3_server
from worker.core import s3
from worker.core.errors import Download, ImportFailed, Missing, Modified, TooLarge
from worker.core.s3 import S3Options
from worker.index.record import Group, Scenes, SceneSlot
from worker.run.fetch_pipeline import kept_of
from worker.sources.base import FetchedObject, KeptObject, Lost
from worker.sources.keeper import Keeper
from worker.sources.kept import FORMAT, Downloads
from worker.stores import open_store

DATA = b"solid model " * 100


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path, monkeypatch):
    """A place for downloads."""
    if request.param == "folder":
        yield open_store(str(tmp_path / "place"))
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with s3_server() as endpoint:
        options = S3Options(endpoint_url=endpoint, region="us-east-1", addressing_style="path")
        s3.client(options).create_bucket(Bucket="place")
        yield open_store("s3://place/here", options)


@pytest.fixture
def folder(tmp_path):
    """A place for downloads whose files a test changes."""
    return open_store(str(tmp_path / "place"))


def files(fetched):
    """All files of an object by the bytes of their names, and what is said of it."""
    root = os.fsencode(fetched.root)
    found = {}
    for parent, _, names in os.walk(root):
        for name in names:
            path = os.path.join(parent, name)  # noqa: PTH118 - bytes
            with open(path, "rb") as file:  # noqa: PTH123
                found[os.path.relpath(path, root)] = file.read()
    return found, fetched.model, fetched.sha256, fetched.size


def fetched_and_kept(fetcher, refs):
    """What each object is, and what a ledger then says of it."""
    fetcher.plan(refs)
    seen, lines = {}, {}
    for ref in refs:
        got = fetcher.fetch(ref)
        seen[ref.uid], lines[ref.uid] = files(got), kept_of(got)
        fetcher.release(got)
    return seen, lines


def reading(make_fetcher, store, refs, lines, **more):
    """A fetcher for these objects that has the place alone."""
    downloads = Downloads(store)
    downloads.expect(refs, lines)
    fetcher = make_fetcher(downloads=downloads, **more)
    fetcher.plan(refs)
    return fetcher


def check_the_same(make_fetcher, store, refs, leftovers, **more):
    keep = Keeper(store, FORMAT, exact=True)
    seen, lines = fetched_and_kept(make_fetcher(keep=keep, **more), refs)
    assert {line.archive for kept in lines.values() for line in kept} != {""}
    fetcher = reading(make_fetcher, store, refs, lines)
    for ref in refs:
        got = fetcher.fetch(ref)
        assert files(got) == seen[ref.uid]
        fetcher.release(got)
    assert leftovers() == []


def test_http_files_and_archives(web, make_fetcher, store, leftovers):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deep/er/model.obj", DATA)
        archive.writestr("deep/maps/a skin.png", b"skin")
        archive.writestr("other.stl", b"x")
    web.routes |= {"/a.stl": body(DATA), "/b.zip": body(packed.getvalue()), "/c": body(DATA)}
    refs = [
        at(f"{web.url}/a.stl", DATA),
        at(f"{web.url}/b.zip"),
        at(f"{web.url}/b.zip!/deep/er/model.obj"),
        at(f"{web.url}/c", file_type="ply"),
    ]
    check_the_same(make_fetcher, store, refs, leftovers)


def test_s3_with_side_files(make_fetcher, folder, leftovers, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with s3_server() as endpoint:
        options = S3Options(endpoint_url=endpoint, region="us-east-1", addressing_style="path")
        client = s3.client(options)
        client.create_bucket(Bucket="models")
        for key, data in {"m/a.obj": b"mtllib a.mtl\n", "m/a.mtl": b"newmtl a\nmap_Kd t/s.png\n",
                          "m/t/s.png": b"skin"}.items():  # fmt: skip
            client.put_object(Bucket="models", Key=key, Body=data)
        refs = [
            at("s3://models/m/a.obj"),
            at("whole", url="s3://models/m/a.obj", root="s3://models/m/"),
        ]
        check_the_same(make_fetcher, folder, refs, leftovers, s3=options)


def test_a_repository_with_any_names(hub, make_fetcher, store, leftovers):
    def odd(work):
        for name in (b"caf\xe9.png", b"back\\slash.png", b"new\nline.png", b"c:", b" ", b"x" * 250):
            with open(os.path.join(os.fsencode(work), name), "wb") as file:  # noqa: PTH118, PTH123
                file.write(name)

    commit = hub.commit(
        {"a.obj": "a", "deep/" * 70 + "b.obj": "b", "c.obj": "version https://git-lfs"}, prepare=odd
    )
    refs = [blob(commit, "a.obj", "a"), blob(commit, "deep/" * 70 + "b.obj", "b")]
    check_the_same(make_fetcher, store, refs, leftovers)
    assert hub.uploads() == 1
    keys = [entry.key for entry in store.list()]
    assert keys == [f"downloads/github/org/repo/{commit}.tar"]


def test_discoveries_of_a_kept_commit_are_those_of_a_fetched_one(hub, make_fetcher, folder):
    commit = hub.commit({"a.obj": "a", "b/c.glb": "c", "d.txt": "d"}, links=[("e.obj", "a.obj")])
    first = make_fetcher(keep=Keeper(folder, FORMAT, exact=True))
    refs = [blob(commit, "a.obj")]
    _, lines = fetched_and_kept(first, refs)
    second = reading(make_fetcher, folder, refs, lines)
    second.release(second.fetch(refs[0]))
    assert second.fetched_commits() == first.fetched_commits() != []
    new = blob(commit, "b/c.glb")
    second.plan([new])
    assert second.fetch(new).path.read_bytes() == b"c"
    assert hub.uploads() == 1


def scenes(*members):
    return Scenes(
        plan="p", first=0, classes=("c",), members=members,
        groups=(Group(samples=1, places=(SceneSlot(class_idx=0, members=(0, 1, 2)),)),),
    )  # fmt: skip


@pytest.mark.parametrize("as_a_range", [True, False])
def test_a_range_of_scenes_has_the_same_members_and_the_same_lost_ones(
    web, make_fetcher, folder, as_a_range
):
    web.routes |= {"/a.stl": body(DATA), "/c.stl": body(b"other")}
    members = [at(f"{web.url}/{name}.stl") for name in "abc"]
    whole = at("scenes/x/00000-00000", scenes=scenes(*members))
    fetcher = make_fetcher(keep=Keeper(folder, FORMAT, exact=True))
    got = fetcher.fetch(whole)
    lines = {whole.uid: kept_of(got)}
    if not as_a_range:  # of the list that the range is drawn from
        lines = {ref.uid: (kept,) for ref, kept in zip(members, kept_of(got), strict=True)}
    again = reading(make_fetcher, folder, [whole], lines).fetch(whole)
    assert [type(member) for member in again.members] == [FetchedObject, Lost, FetchedObject]
    assert again.members[1] == got.members[1]
    assert (again.sha256, again.size) == (got.sha256, got.size)
    assert files(again.members[0]) == files(got.members[0])


def tar(*entries):
    """A tar of names and bodies; a body of None is a link to /etc/passwd."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as opened:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data or b"")
            if data is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            opened.addfile(info, io.BytesIO(data or b""))
    return packed.getvalue()


REF = at("https://models.example.org/a.stl")
KEY = f"downloads/{REF.uid}.tar"
LINE = KeptObject(key=KEY, model="a.stl", sha256="", size=1)


@pytest.mark.parametrize(
    ("archive", "error"),
    [
        (tar(("../a.stl", DATA)), ImportFailed),
        (tar(("/a.stl", DATA)), ImportFailed),
        (tar(("x/./a.stl", DATA)), ImportFailed),
        (tar(("a.stl", DATA), ("a.stl", DATA)), ImportFailed),
        (tar(("a.stl", None)), Missing),
        (tar(("b.stl", DATA)), Missing),
        (tar(("a.stl", bytes(1_000_001))), TooLarge),
        (tar(("a.stl", DATA))[:700], Download),
        (b"no tar", Download),
        (tar(("a", DATA), ("a/a.stl", DATA)), Download),
    ],
)
def test_nothing_in_an_archive_is_trusted(
    make_fetcher, folder, leftovers, archive, error, tmp_path
):
    """Even if whoever changed it has changed the ledger as well, so that no hash differs."""
    folder.create(KEY, archive)
    with pytest.raises(error):
        reading(make_fetcher, folder, [REF], {REF.uid: [LINE]}).fetch(REF)
    assert leftovers() == []
    assert {path.name for path in tmp_path.iterdir()} == {"place", "scratch"}


@pytest.mark.parametrize(
    ("line", "error", "says"),
    [
        ({"model": "../" * 20 + "etc/passwd"}, Missing, "outside"),
        ({"model": "/etc/passwd"}, Missing, "outside"),
        ({"key": "../other.tar"}, Download, "unsafe key"),
        ({"key": ""}, Download, "render-worker fetch"),
        ({"key": "downloads/none.tar"}, Download, "is not in --downloads"),
        ({"archive": hashlib.sha256(b"x").hexdigest()}, Download, "was changed"),
        ({"code": "missing", "message": "HTTP 404"}, Missing, "HTTP 404"),
        ({"code": "download", "message": "HTTP 503"}, Download, "503.*render-worker fetch"),
        ({"code": "of the future"}, Download, "render-worker fetch"),
    ],
)  # fmt: skip
def test_nor_in_the_ledger(make_fetcher, folder, line, error, says):
    folder.create("fetch.json", b"{}")
    folder.create(KEY, tar(("a.stl", DATA)))
    changed = msgspec.structs.replace(LINE, **line)
    with pytest.raises(error, match=says):
        reading(make_fetcher, folder, [REF], {REF.uid: [changed]}).fetch(REF)


def test_the_hash_of_the_index_holds(make_fetcher, folder):
    folder.create(KEY, tar(("a.stl", DATA)))
    other = at(REF.file_identifier, b"other")
    with pytest.raises(Modified):
        reading(make_fetcher, folder, [other], {REF.uid: [LINE]}).fetch(other)


def test_the_hash_is_checked_every_time_that_an_object_is_asked_for(make_fetcher, folder):
    folder.create(KEY, tar(("a.stl", DATA)))
    line = msgspec.structs.replace(LINE, archive=hashlib.sha256(b"x").hexdigest())
    fetcher = reading(make_fetcher, folder, [REF, REF], {REF.uid: [line]})  # of two shards
    for _ in range(2):
        with pytest.raises(Download, match="was changed"):
            fetcher.fetch(REF)
    with pytest.raises(Download, match="is not in"):  # nobody was told of a third
        fetcher.fetch(REF)


def test_a_commit_that_was_changed_is_refused(hub, make_fetcher, folder, tmp_path):
    commit = hub.commit({"a.obj": "a", "t/w.png": "white"})
    refs = [blob(commit, "a.obj", "a")]
    keep = Keeper(folder, FORMAT, exact=True)
    _, lines = fetched_and_kept(make_fetcher(keep=keep), refs)
    path = tmp_path / "place" / "downloads" / "github" / "org" / "repo" / f"{commit}.tar"
    path.write_bytes(path.read_bytes().replace(b"white", b"black"))
    with pytest.raises(Download, match="was changed"):
        reading(make_fetcher, folder, refs, lines).fetch(refs[0])
