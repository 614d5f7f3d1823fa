"""One model in place of a list is a list of one, with the uid that a list would give it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from worker.core import keys
from worker.core.errors import IndexInvalid, UsageError
from worker.core.s3 import S3Options
from worker.index import builder
from worker.index.reader import open_index

S3 = S3Options()


def only(uri):
    """The object of the list `uri`."""
    index = open_index(str(uri), S3)
    assert index.objects == 1
    (ref,) = index.read(index.shards[0])
    return ref


@pytest.fixture
def chair(tmp_path):
    path = tmp_path / "house" / "chair.GLB"
    path.parent.mkdir()
    path.write_bytes(b"not read when it is listed")
    return path


def test_it_is_the_object_that_its_folder_would_list(chair):
    assert only(chair).uid == keys.uid_of("chair.GLB") == only(chair.parent).uid
    assert only(chair).location == str(chair)
    assert only(chair).root is None, "as for a model in a list, --root-depth counts from its folder"


@pytest.mark.parametrize("name", ["a.blend", "b.obj", "c d.zip", "e.tar.gz", "f.usdz", "g.off"])
def test_every_format_and_archive(tmp_path, name):
    (tmp_path / name).touch()
    assert only(tmp_path / name).location == str(tmp_path / name)


def test_a_member_of_an_archive(tmp_path):
    (tmp_path / "parts.zip").touch()
    ref = only(f"{tmp_path}/parts.zip!/deep/chair.obj")
    assert ref.file_identifier == "parts.zip!/deep/chair.obj"
    assert ref.location == f"{tmp_path}/parts.zip!/deep/chair.obj"
    with pytest.raises(IndexInvalid, match="no such file"):
        open_index(f"{tmp_path}/none.zip!/deep/chair.obj", S3)


@pytest.mark.parametrize(
    "url",
    ["https://host.test/a%20chair.glb?key=1", "s3://bucket/models/chair.obj", "http://h/x.tar.gz",
     "https://github.com/o/r/blob/0123456789012345678901234567890123456789/chair.stl"],
)  # fmt: skip
def test_a_url_is_its_own_location_and_nothing_is_downloaded_to_list_it(url):
    assert only(url).file_identifier == only(url).location == url


def test_another_model_of_the_same_name_is_another_list(chair, tmp_path):
    (tmp_path / chair.name).write_bytes(b"another chair")
    digests = [open_index(str(path), S3).digest for path in (chair, tmp_path / chair.name)]
    assert len(set(digests)) == 2
    (tmp_path / chair.name).write_bytes(chair.read_bytes())
    assert open_index(str(tmp_path / chair.name), S3).digest == digests[0]


def test_an_index_is_built_of_it(chair, tmp_path):
    built = builder.build(str(chair), str(tmp_path / "index"))
    assert built.objects == 1
    assert only(built.uri).uid == only(chair).uid
    assert only(built.uri).location == str(chair)


def test_a_folder_with_a_models_name_is_a_folder(tmp_path):
    folder = tmp_path / "scenes.blend"
    folder.mkdir()
    (folder / "chair.obj").touch()
    assert only(folder).location == str(folder / "chair.obj")


def test_a_kind_that_is_named_is_read_as_that(tmp_path):
    (tmp_path / "list.obj").write_text("chair.glb\n")
    builder.build(str(tmp_path / "list.obj"), str(tmp_path / "index"), kind="text")
    assert only(tmp_path / "index").file_identifier == "chair.glb"


def test_what_it_cannot_be_is_said(tmp_path):
    with pytest.raises(IndexInvalid, match="no such file or folder"):
        open_index(str(tmp_path / "chair.glb"), S3)
    with pytest.raises(UsageError, match="file:// is not possible here"):
        open_index("file:///chair.glb", S3)
    bad = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.obj")
    Path(bad).touch()
    with pytest.raises(IndexInvalid, match="not UTF-8"):
        open_index(bad, S3)
