"""Keys of an S3 listing with controls and newlines; links in a store that is a folder."""

import re

import pytest

from tests.command_line import run_worker
from tests.integration.sources.servers import Web, body
from worker.core.errors import ObjectError, StoreError
from worker.core.s3 import S3Options
from worker.index.record import ObjectRef
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.stores import open_store

OBEYED = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202e\u2066]")
SECRET = b"somebody else's"


@pytest.fixture
def fetcher(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with Web() as web:
        s3 = S3Options(endpoint_url=web.url, region="us-east-1")
        limits = FetchLimits(max_bytes=1_000_000, attempts=1)
        yield web, Fetcher(tmp_path / "scratch", limits=limits, s3=s3)


def what_comes_of(source, ref):
    """The text of what is fetched, or the message."""
    try:
        return source.fetch(ref).path.read_text()
    except ObjectError as error:
        return str(error)


@pytest.mark.parametrize(
    "key",
    ["c/a\nb.png", "c/\x1b[2J.png", "c/\u202egnp.obj", "c/a\u2028b.png", "c/%2e%2e/%2e%2e/w.png",
     "/etc/passwd", "c/" + "d/" * 500 + "x.png", "c/" + "n" * 1000],
)  # fmt: skip
def test_a_listed_key_is_no_way_out_and_shown_plainly(fetcher, tmp_path, key):
    web, source = fetcher
    shown = "".join(f"%{byte:02X}" for byte in key.encode())
    listed = (
        '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>'
        "<EncodingType>url</EncodingType>"
        f"<Contents><Key>{shown}</Key><Size>1</Size></Contents>"
        "<Contents><Key>c/m.off</Key><Size>1</Size></Contents></ListBucketResult>"
    )
    web.routes["/models?list-type=2&prefix=c%2F&encoding-type=url"] = body(listed.encode())
    web.routes["/models/c/m.off"] = body(b"v")
    before = {*tmp_path.rglob("*")}
    ref = ObjectRef(file_identifier="s3://models/c/m.off", root="s3://models/c")
    assert not OBEYED.search(what_comes_of(source, ref)), "the message shows it as text"
    made = {path.relative_to(tmp_path).parts[0] for path in {*tmp_path.rglob("*")} - before}
    assert made <= {"scratch"}
    assert {path.split("?")[0] for path in web.asked} <= {
        "/models", "/models/c/m.off", *(p for p in web.asked if p.startswith("/models/c/")),
    }  # fmt: skip


def test_links_in_a_folder_of_a_store_are_no_way_without_an_end(tmp_path):
    """Two links to their own folder make ever more names of every file."""
    root = tmp_path / "store"
    (root / "renders").mkdir(parents=True)
    (root / "renders" / "a.zip").write_bytes(b"a")
    for name in ("x", "y", "z"):
        (root / "renders" / name).symlink_to(".")
        (root / name).symlink_to("..")
    store = open_store(str(root))
    assert [entry.key for entry in store.list("renders/")] == ["renders/a.zip"]
    run_worker("status", "--output", root, check=None)


def test_a_folder_that_a_link_leads_to_is_listed_once(tmp_path):
    """A user's own: `renders` lies on another disk."""
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "a.zip").write_bytes(b"a")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "renders").symlink_to(disk)
    store = open_store(str(tmp_path / "store"))
    assert [entry.key for entry in store.list()] == ["renders/a.zip"]
    assert store.read("renders/a.zip") == b"a"


@pytest.mark.parametrize(
    "key",
    ["a\nb", "a\x1bb", "a\u2028b", "a\u202eb", "../store2/a", "/a", "a//b", "a/./b", "a\\b\0"],
)
def test_a_key_of_a_folder_is_a_plain_path(tmp_path, key):
    (tmp_path / "store2").mkdir()
    (tmp_path / "store2" / "a").write_bytes(SECRET)
    store = open_store(str(tmp_path / "store"))
    for act in (store.read, store.stat, lambda key: store.create(key, b"x")):
        with pytest.raises(StoreError) as caught:
            act(key)
        assert not OBEYED.search(str(caught.value))
    assert (tmp_path / "store2" / "a").read_bytes() == SECRET
    assert not (tmp_path / "store").exists()
