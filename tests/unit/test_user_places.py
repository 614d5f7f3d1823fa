"""Places that users name: files to write, stores among the files of another one, bare URIs."""

import errno
from pathlib import Path

import pytest

from worker.core import local_file, locations
from worker.core.errors import StoreFull, UsageError
from worker.core.s3 import S3Options
from worker.stores import open_store, refuse_among

LOCAL_S3 = S3Options()


def test_a_file_that_cannot_be_written_leaves_the_one_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "mesh.glb"
    local_file.write(path, b"old")
    write = Path.write_bytes

    def half(self, data):
        write(self, data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(StoreFull, match=r"mesh\.glb cannot be written: No space left"):
        local_file.write(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["mesh.glb"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["none/mesh.glb", "file/mesh.glb"])
def test_a_folder_that_is_none_is_named(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written: "):
        local_file.write(tmp_path / name, b"")


@pytest.mark.parametrize("text", ["s3://", "http://", "https://"])
def test_a_uri_that_names_nothing(text):
    with pytest.raises(UsageError, match=r"names no (bucket|host)"):
        locations.scheme_of(text, ("s3", "http", "https"))


@pytest.mark.parametrize("part", ["ledger", "renders/", "begun/x", "summaries"])
def test_no_data_set_is_written_among_the_files_of_an_output(tmp_path, part):
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for to, output in (
        (f"{tmp_path}/out/{part}", f"{tmp_path}/out/"),
        (f"{tmp_path}/link/./{part}", f"{tmp_path}/out"),
        (f"file://{tmp_path}/out/{part}", f"{tmp_path}/out"),
        (f"s3://bucket/out/{part}", "s3://bucket/out"),
    ):
        with pytest.raises(UsageError, match=r"--to .* is among the files of .*; use a place out"):
            refuse_among(open_store(to, LOCAL_S3), [open_store(output, LOCAL_S3)], "--to")


@pytest.mark.parametrize("to", ["out/nerf", "out2/ledger", "out/ledgers", "other", "out/gallery"])
def test_places_beside_them_are_fine(tmp_path, to):
    refuse_among(open_store(f"{tmp_path}/{to}"), [open_store(f"{tmp_path}/out")], "--to")
