"""A local file that is replaced between the look at it and its opening: never another's is read."""

import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.patience import HANG_S
from worker.core.beneath import open_beneath
from worker.core.errors import Download, Missing
from worker.core.s3 import S3Options
from worker.index.builder import build
from worker.index.reader import open_index
from worker.index.record import ObjectRef
from worker.sources import names
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher

SECRET = b"somebody else's"


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret" / "m.obj"
    path.parent.mkdir()
    path.write_bytes(SECRET)
    return path


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "in" / "d" / "m.obj"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"v 0 0 0")
    return path


@pytest.fixture
def fetcher(tmp_path):
    return Fetcher(tmp_path / "scratch", limits=FetchLimits(max_bytes=1000))


def ref(model):
    return ObjectRef(file_identifier="it", path=str(model), root=str(model.parents[1]))


def file_by_link(model, secret):
    model.unlink()
    model.symlink_to(secret)


def folder_by_link(model, secret):
    model.parent.rename(model.parents[1] / "was")
    model.parent.symlink_to(secret.parent)


def file_by_fifo(model, _secret):
    model.unlink()
    os.mkfifo(model)


def file_by_folder(model, _secret):
    model.unlink()
    model.mkdir()


def file_by_nothing(model, _secret):
    model.unlink()


REPLACED = [file_by_link, folder_by_link, file_by_fifo, file_by_folder, file_by_nothing]


@pytest.mark.parametrize("replace", REPLACED)
@pytest.mark.parametrize("look", [1, 2])
def test_what_is_opened_is_what_was_looked_at(fetcher, model, secret, monkeypatch, replace, look):
    """The file is looked at and opened twice: by the source, and to compute its sha256."""
    looks = []

    def replaced_meanwhile(*arguments):
        looks.append(arguments)
        if len(looks) == look:
            replace(model, secret)
        return open_beneath(*arguments)

    monkeypatch.setattr(names, "open_beneath", replaced_meanwhile)
    with pytest.raises(Missing, match="was replaced while it was opened"):
        fetcher.fetch(ref(model))
    assert len(looks) == look


def test_an_archive_that_is_replaced_later_is_still_the_one_that_was_opened(
    fetcher, tmp_path, secret, monkeypatch
):
    archive = tmp_path / "in" / "a.zip"
    archive.parent.mkdir()
    for path, data in ((archive, b"v 0 0 0"), (secret.with_name("a.zip"), SECRET)):
        with zipfile.ZipFile(path, "w") as opened:
            opened.writestr("m.obj", data)

    def replaced_after(*arguments):
        file = open_beneath(*arguments)
        if archive.exists() and not archive.is_symlink():
            archive.unlink()
            archive.symlink_to(secret.with_name("a.zip"))
        return file

    monkeypatch.setattr(names, "open_beneath", replaced_after)
    got = fetcher.fetch(ObjectRef(file_identifier="it", path=str(archive)))
    assert got.path.read_bytes() == b"v 0 0 0"


def test_a_file_that_is_replaced_all_the_time_is_never_anothers(fetcher, model, secret, tmp_path):
    own = tmp_path / "own"
    own.write_bytes(b"v 0 0 0")
    over = threading.Event()

    def swap():
        spare = model.with_name("spare")
        while not over.is_set():
            spare.symlink_to(secret)
            spare.rename(model)
            os.link(own, spare)
            spare.rename(model)

    with ThreadPoolExecutor(1) as beside:
        beside.submit(swap)
        try:
            found = set()
            for _ in range(2000):
                try:
                    found.add(fetcher.fetch(ref(model)).size)
                except (Missing, Download):
                    found.add(0)
        finally:
            over.set()
    assert found <= {0, len(b"v 0 0 0")}


def test_links_inside_the_folder_are_followed_as_before(tmp_path, fetcher):
    base = tmp_path / "in"
    (base / "real").mkdir(parents=True)
    (base / "real" / "x.obj").write_bytes(b"v")
    (base / "m.obj").symlink_to("real/x.obj")
    (base / "by").symlink_to("real")
    for path in (base / "m.obj", base / "by" / "x.obj"):
        got = fetcher.fetch(ObjectRef(file_identifier="it", path=str(path), root=str(base)))
        assert got.path.read_bytes() == b"v"


def test_a_fifo_is_not_waited_for_by_a_build_with_hashes(tmp_path):
    os.mkfifo(tmp_path / "m.obj")
    (tmp_path / "l.txt").write_text("m.obj\n/dev/zero\n")
    with ThreadPoolExecutor(1) as beside:
        done = beside.submit(build, str(tmp_path / "l.txt"), str(tmp_path / "o"), hash_files=True)
        assert done.result(HANG_S).objects == 2
    index = open_index(str(tmp_path / "o"), S3Options())
    assert [one.sha256 for one in index.read(index.shards[0])] == [None, None]
