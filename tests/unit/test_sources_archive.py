"""Archives from strangers: unpacked within limits and within their folder, or refused."""

import io
import math
import struct
import tarfile
import threading
import zipfile
from contextlib import nullcontext, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.deadline import Deadline
from worker.core.errors import ImportFailed, Missing, ObjectError, TooLarge, Unsupported
from worker.index.record import ObjectRef
from worker.sources import unpack
from worker.sources.archive import choose, is_archive, split, unpack_model
from worker.sources.base import FetchLimits

KINDS = ["zip", "tar", "tar.gz"]


def pack(path, files, kind="zip"):
    """Write an archive of (name, bytes) pairs."""
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, data in files:
                opened.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    else:
        with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as opened:
            for name, data in files:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                opened.addfile(info, io.BytesIO(data))
    return path


def unpacked(archive, into, member=None, *, limit=1 << 20, **ref):
    into.mkdir(parents=True)
    return unpack_model(
        ObjectRef(file_identifier="x", **ref), archive, archive.name, member, into,
        FetchLimits(max_bytes=limit), Deadline(math.inf, threading.Event()),
    )  # fmt: skip


def below(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_comes_with_its_side_files(tmp_path, kind):
    files = [("chair/chair.obj", b"v 0 0 0"), ("chair/chair.mtl", b"m"), ("chair/t/w.png", b"p")]
    archive = pack(tmp_path / f"a.{kind}", files, kind)
    found = unpacked(archive, tmp_path / "into")
    assert found.model == "chair/chair.obj"
    assert found.path.read_bytes() == b"v 0 0 0"
    assert below(found.root) == {name for name, _ in files}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["../up.obj", "/abs.obj", "a/../../up.obj", "..\\up.obj"])
def test_a_name_that_leaves_its_folder_is_refused(tmp_path, kind, name):
    archive = pack(tmp_path / f"a.{kind}", [("ok.obj", b"v"), (name, b"evil")], kind)
    with pytest.raises(ImportFailed, match="unsafe file name"):
        unpacked(archive, tmp_path / "deep" / "into")
    assert b"evil" not in {p.read_bytes() for p in tmp_path.rglob("*.obj")}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=60)
@given(
    names=st.lists(
        st.lists(
            st.sampled_from(["..", ".", "a", "b.obj", "", "c\\d", "é", "\x01"]),
            min_size=1, max_size=4,
        ).map("/".join), min_size=1, max_size=4,
    ),
    kind=st.sampled_from(KINDS),
)  # fmt: skip
def test_nothing_is_ever_written_beside_the_folder(tmp_path_factory, names, kind):
    base = tmp_path_factory.mktemp("archive")
    archive = base / f"a.{kind}"
    try:
        pack(archive, [(name, b"data") for name in names], kind)
    except (ValueError, IndexError):
        return  # the library itself refuses to write such a name
    before = below(base)
    with suppress(ObjectError):
        unpacked(archive, base / "in" / "to")
    assert all(name.startswith("in/to/files/") for name in below(base) - before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_unpacks_to_too_much_is_refused(tmp_path, kind):
    archive = pack(tmp_path / f"a.{kind}", [("bomb.obj", b"\0" * 3_000_000)], kind)
    with pytest.raises(TooLarge):
        unpacked(archive, tmp_path / "into", limit=1_000_000)


def test_a_zip_that_lies_about_its_sizes_is_stopped_while_writing(tmp_path):
    archive = pack(tmp_path / "a.zip", [("bomb.obj", b"\0" * 3_000_000)])
    data = bytearray(archive.read_bytes())
    at = data.find(b"PK\1\2")
    struct.pack_into("<L", data, at + 24, 10)  # the uncompressed size
    struct.pack_into("<L", data, 22, 10)
    archive.write_bytes(data)
    with pytest.raises((TooLarge, ImportFailed)):
        unpacked(archive, tmp_path / "into", limit=1_000_000)
    written = sum(p.stat().st_size for p in (tmp_path / "into").rglob("*.obj"))
    assert written <= 1_000_000


def test_many_entries_that_fit_one_by_one_are_too_much_together(tmp_path):
    archive = pack(tmp_path / "a.zip", [(f"{n}.obj", b"\0" * 1000) for n in range(20)])
    with pytest.raises(TooLarge):
        unpacked(archive, tmp_path / "into", limit=10_000)


def test_too_many_entries_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "MAX_ENTRIES", 10)
    archive = pack(tmp_path / "a.zip", [(f"{n}.obj", b"") for n in range(11)])
    with pytest.raises(TooLarge, match="more than 10 entries"):
        unpacked(archive, tmp_path / "into")


def test_a_huge_directory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    archive = pack(tmp_path / "a.zip", [(f"{n}.obj", b"") for n in range(50)])
    monkeypatch.setattr(unpack, "MAX_DIRECTORY", 1000)
    monkeypatch.setattr(unpack.zipfile, "ZipFile", None)  # reading it would fail otherwise
    with pytest.raises(TooLarge, match="directory"):
        unpacked(archive, tmp_path / "into")


def test_a_long_tar_header_is_refused(tmp_path):
    info = tarfile.TarInfo("x")
    info.type = tarfile.XHDTYPE
    info.size = 1 << 30
    (tmp_path / "a.tar").write_bytes(info.tobuf() + b"\0" * 2048)
    with pytest.raises(ImportFailed, match="header of"):
        unpacked(tmp_path / "a.tar", tmp_path / "into")


def test_a_tar_that_skips_far_is_refused(tmp_path):
    info = tarfile.TarInfo("x.obj")
    info.type = b"Z"  # unknown kinds have a body that tarfile skips
    info.size = 1 << 40
    (tmp_path / "a.tar").write_bytes(info.tobuf() + b"\0" * 2048)
    with pytest.raises(TooLarge):
        unpacked(tmp_path / "a.tar", tmp_path / "into")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_of_a_tar_are_left_out(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as opened:
        info = tarfile.TarInfo("link.obj")
        info.type, info.linkname = kind, "/etc/passwd"
        opened.addfile(info)
        model = tarfile.TarInfo("a/model.obj")
        model.size = 1
        opened.addfile(model, io.BytesIO(b"v"))
    found = unpacked(tmp_path / "a.tar", tmp_path / "into")
    assert below(found.root) == {"a/model.obj"}
    with pytest.raises(Missing):
        unpacked(tmp_path / "a.tar", tmp_path / "again", member="link.obj")


def test_links_of_a_zip_are_left_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        info = zipfile.ZipInfo("link.obj")
        info.external_attr = 0o120777 << 16
        opened.writestr(info, "/etc/passwd")
        opened.writestr("a/model.obj", "v")
    assert below(unpacked(tmp_path / "a.zip", tmp_path / "into").root) == {"a/model.obj"}


def test_an_archive_of_the_folder_itself(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "m.obj").write_text("v")
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as opened:
        opened.add(tmp_path / "src", arcname=".")
    assert unpacked(tmp_path / "a.tgz", tmp_path / "into").model == "m.obj"


def test_a_git_lfs_pointer_says_so(tmp_path):
    archive = tmp_path / "model.zip"
    archive.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(ImportFailed, match=r"model\.zip: a Git LFS pointer: fetch the file with"):
        unpacked(archive, tmp_path / "into")


def test_an_encrypted_zip_says_so(tmp_path):
    archive = pack(tmp_path / "a.zip", [("m.obj", b"v")])
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.find(b"PK\1\2") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(ImportFailed, match="encrypted"):
        unpacked(archive, tmp_path / "into")


@pytest.mark.parametrize("names", [["a.obj", "a.obj"], ["a", "a/b.obj"], ["a/b.obj", "a"]])
def test_a_name_that_comes_twice_is_refused(tmp_path, names):
    with pytest.warns(UserWarning, match="Duplicate") if names[0] == names[1] else nullcontext():
        archive = pack(tmp_path / "a.zip", [(name, b"x") for name in names])
    with pytest.raises(ImportFailed, match="twice"):
        unpacked(archive, tmp_path / "into")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_a_broken_archive_is_an_objects_failure(tmp_path, kind, damage):
    payload = bytes(range(256)) * 200
    archive = pack(tmp_path / f"a.{kind}", [("m.obj", payload)], kind)
    data = archive.read_bytes()
    archive.write_bytes(
        {"cut": data[: len(data) // 2], "noise": b"\x07" * 4000, "empty": b""}[damage]
    )
    with pytest.raises((ImportFailed, Unsupported)):
        unpacked(archive, tmp_path / "into")


@settings(max_examples=150)
@given(kind=st.sampled_from(KINDS), at=st.floats(0, 1), byte=st.integers(0, 255))
def test_a_flipped_byte_never_escapes_the_tree(tmp_path_factory, kind, at, byte):
    base = tmp_path_factory.mktemp("flip")
    archive = pack(base / f"a.{kind}", [("m.obj", b"v 1 2 3\n" * 50), ("t/x.png", b"p")], kind)
    data = bytearray(archive.read_bytes())
    data[min(int(at * len(data)), len(data) - 1)] = byte
    archive.write_bytes(data)
    try:
        found = unpacked(archive, base / "into")
    except ObjectError:
        return
    assert found.path.is_file()


def test_only_the_members_folder_is_unpacked(tmp_path):
    files = [("a/m/x.obj", b"1"), ("a/m/t/x.png", b"2"), ("a/n/y.obj", b"3" * 5000), ("z.obj", b"")]
    archive = pack(tmp_path / "a.zip", files)
    found = unpacked(archive, tmp_path / "1", "a/m/x.obj", limit=1000)
    assert below(found.root) == {"a/m/x.obj", "a/m/t/x.png"}
    found = unpacked(archive, tmp_path / "2", "a/m/x.obj", root=f"{archive}!/a")
    assert below(found.root) == {"a/m/x.obj", "a/m/t/x.png", "a/n/y.obj"}
    with pytest.raises(Missing, match=r"no file 'a/m/no.obj'"):
        unpacked(archive, tmp_path / "3", "a/m/no.obj")


def test_of_a_self_contained_format_only_the_member(tmp_path):
    archive = pack(tmp_path / "a.zip", [("one.glb", b"1"), ("two.glb", b"2" * 5000)])
    assert below(unpacked(archive, tmp_path / "1", "one.glb", limit=1000).root) == {"one.glb"}


def test_the_rule_of_choice():
    files = [
        ("a/big.obj", 9),
        ("top.glb", 1),
        ("top2.glb", 2),
        ("__MACOSX/x.glb", 99),
        ("r.txt", 5),
    ]
    assert choose(files, "z", None, "") == "top2.glb"
    assert choose(files, "z", None, "obj") == "a/big.obj"
    assert choose(files, "z", "a/big.obj", "") == "a/big.obj"
    with pytest.raises(Unsupported, match="no model"):
        choose([("r.txt", 5), ("._m.obj", 1)], "z", None, "")
    with pytest.raises(Unsupported):
        choose(files, "z", "r.txt", "")


def test_locations_split_at_the_archive():
    assert split("/d/a.zip!/m/x.obj") == ("/d/a.zip", "m/x.obj")
    assert split("s3://b/a.tar.gz!/x.obj") == ("s3://b/a.tar.gz", "x.obj")
    assert split("/d!/x.obj") == ("/d!/x.obj", None)


def test_a_zip_is_known_by_its_bytes_but_a_usdz_is_a_model(tmp_path):
    archive = pack(tmp_path / "blob", [("m.obj", b"v")])
    assert is_archive(archive, "download")
    assert not is_archive(archive, "model.usdz")
    # An object whose bytes merely end like a zip is no zip.
    (tmp_path / "m.stl").write_bytes(b"solid" + archive.read_bytes())
    assert not is_archive(tmp_path / "m.stl", "m.stl")
