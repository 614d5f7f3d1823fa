"""What a child has written is out of its reach when the worker reads it."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from worker.core.errors import RenderFailed
from worker.supervisor import handover


@pytest.fixture
def raw(tmp_path) -> Path:
    folder = tmp_path / "home" / "raw"
    handover.make(folder)
    (folder / "view.exr").write_bytes(b"pixels")
    return folder


def test_the_folder_is_moved_not_copied(raw, tmp_path):
    before = (raw / "view.exr").stat().st_ino
    into = tmp_path / "objects" / "uid" / "raw"
    handover.take(raw, into)
    assert (into / "view.exr").stat().st_ino == before
    assert not raw.exists()


def test_what_was_there_before_is_replaced(raw, tmp_path):
    into = tmp_path / "into"
    into.mkdir()
    (into / "of-an-earlier-attempt").touch()
    handover.take(raw, into)
    assert [path.name for path in into.iterdir()] == ["view.exr"]


def test_a_file_that_is_still_open_does_not_change_any_more(raw, tmp_path):
    into = tmp_path / "into"
    with (raw / "view.exr").open("r+b") as held:
        handover.take(raw, into)
        held.write(b"others")
        held.flush()
        assert (into / "view.exr").read_bytes() == b"pixels"


def test_nor_one_that_is_mapped(raw, tmp_path):
    with (raw / "view.exr").open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
    handover.take(raw, tmp_path / "into")
    mapped[:6] = b"others"
    assert (tmp_path / "into" / "view.exr").read_bytes() == b"pixels"


def test_nor_one_with_another_name(raw, tmp_path):
    os.link(raw / "view.exr", raw.parent / "mine")
    handover.take(raw, tmp_path / "into")
    (raw.parent / "mine").write_bytes(b"others")
    assert (tmp_path / "into" / "view.exr").read_bytes() == b"pixels"


def test_links_and_pipes_are_neither_followed_nor_opened(raw, tmp_path):
    (tmp_path / "secret").write_text("key")
    (raw / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(raw / "pipe")
    handover.take(raw, tmp_path / "into")
    assert (tmp_path / "into" / "link").is_symlink()


@pytest.mark.parametrize("other", ["nothing", "link", "file"])
def test_a_folder_that_was_replaced_fails_the_object(other, raw, tmp_path):
    raw.rename(raw.with_name("elsewhere"))
    if other == "link":
        raw.symlink_to(raw.with_name("elsewhere"))
    if other == "file":
        raw.touch()
    with pytest.raises(RenderFailed, match="the folder of its raw files"):
        handover.take(raw, tmp_path / "into")
    handover.make(raw)
    assert raw.is_dir()
    assert not raw.is_symlink()
