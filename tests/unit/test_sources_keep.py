"""What is kept of a download: all its files, nothing else, the same bytes each time."""

import os
import tarfile
import zipfile
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core import keys
from worker.core.errors import UsageError
from worker.core.s3 import S3Options
from worker.index.record import ObjectRef
from worker.sources.base import FetchedObject
from worker.sources.keeper import FORMATS, Keeper
from worker.stores import open_store
from worker.stores.base import check_key


def fetched(root):
    (root / "t").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("no")
    (root / "m.obj").write_text("v 0 0 0")
    (root / "t" / "ü.png").write_bytes(b"png")
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "etc").symlink_to("/etc")
    os.mkfifo(root / "pipe")
    return FetchedObject(
        ref=ObjectRef(file_identifier="x"), root=root, model="m.obj", sha256="", size=7
    )


def kept(tmp_path, format_, name):
    store = open_store(str(tmp_path / name), S3Options())
    store.check()
    Keeper(store, format_).keep(fetched(tmp_path / f"src-{name}" / "root"))
    return {entry.key: store.read(entry.key) for entry in store.list()}


ODD = (
    "a\u00a0b.obj", "t\u2003/new\nline.png", "50%.png", "a%20b.png", "%%41%2525.png",
    "100%\u00a0.png", ".tmp-x", ".probe-/a", os.fsdecode(b"latin-\xfc.png"), "plain ü.png",
)  # fmt: skip
UID = ObjectRef(file_identifier="x").uid


@pytest.mark.parametrize("format_", FORMATS)
def test_keeping_twice_gives_the_same_bytes(tmp_path, format_):
    first = kept(tmp_path, format_, "one")
    os.utime(tmp_path / "src-one" / "root" / "m.obj", (0, 0))
    assert first
    assert kept(tmp_path, format_, "two") == first
    assert sorted(p.name for p in (tmp_path / "src-one").iterdir()) == ["root"]


def test_files_are_kept_as_they_are(tmp_path):
    assert kept(tmp_path, "files", "out") == {
        f"downloads/{UID}/m.obj": b"v 0 0 0",
        f"downloads/{UID}/t/ü.png": b"png",
    }


@pytest.mark.parametrize("name", ODD)
def test_a_file_is_kept_whatever_its_name(tmp_path, name):
    root = tmp_path / "root"
    (root / name).parent.mkdir(parents=True)
    (root / name).write_bytes(b"odd")
    (root / "m.obj").write_bytes(b"v")
    store = open_store(str(tmp_path / "out"), S3Options())
    store.check()
    ref = ObjectRef(file_identifier="x")
    Keeper(store, "files").keep(FetchedObject(ref=ref, root=root, model="m.obj", sha256="", size=1))
    found = {
        unquote(entry.key, errors="surrogateescape"): store.read(entry.key)
        for entry in store.list()
    }
    assert found == {f"downloads/{UID}/m.obj": b"v", f"downloads/{UID}/{name}": b"odd"}


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(NAMES, min_size=1))
def test_a_name_is_had_back_from_its_key(parts):
    name = "/".join(part for part in parts if part not in {".", ".."}) or "x"
    key = keys.kept_file("downloads/y", name)
    check_key(key)
    assert unquote(key, errors="surrogateescape") == f"downloads/y/{name}"


def test_a_zip_holds_regular_files_only(tmp_path):
    kept(tmp_path, "zip", "out")
    with zipfile.ZipFile(tmp_path / "out" / "downloads" / f"{UID}.zip") as opened:
        assert opened.namelist() == ["m.obj", "t/ü.png"]
        assert opened.read("m.obj") == b"v 0 0 0"


@pytest.mark.parametrize("format_", ["tar", "tar.gz"])
def test_a_tar_holds_regular_files_only(tmp_path, format_):
    kept(tmp_path, format_, "out")
    with tarfile.open(tmp_path / "out" / "downloads" / f"{UID}.{format_}") as opened:
        assert opened.getnames() == ["m.obj", "t/ü.png"]
        assert opened.extractfile("m.obj").read() == b"v 0 0 0"


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"known: zip, tar, tar\.gz, files"):
        Keeper(open_store(str(tmp_path), S3Options()), "rar")


def test_an_archive_that_is_packed_tells_no_time(tmp_path):
    (body,) = kept(tmp_path, "tar.gz", "out").values()
    assert body[4:8] == bytes(4), "RFC 1952: MTIME, 0 for none"
    assert not body[3] & 0x08, "nor a name"
