"""The folder store: what is visible is whole, whatever happens to its writer."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.patience import until
from worker.core.errors import StoreError
from worker.stores import open_store

WRITER = """
import sys
from worker.stores import open_store
store = open_store(sys.argv[1])
for number, _ in enumerate(sys.stdin):  # no more than it is told to, should nobody end it
    body = bytes([number % 251]) * 3_000_000
    assert store.create(f"renders/{sys.argv[2]}-{number:06d}.zip", body)
"""


def test_a_killed_writer_leaves_whole_files_only(tmp_path):
    store = open_store(str(tmp_path))
    for round_number in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, str(round_number)], stdin=subprocess.PIPE
        )
        writer.stdin.write(b"\n" * 40)
        writer.stdin.flush()

        def some_are_there(mine=f"renders/{round_number}-", count=2 + round_number):
            found = list(store.list())
            assert {entry.size for entry in found} <= {3_000_000}
            return sum(entry.key.startswith(mine) for entry in found) >= count

        until(some_are_there, while_runs=writer, every_s=0.003)
        time.sleep(0.003 * round_number)
        writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        writer.stdin.close()
        for entry in store.list():
            number = int(entry.key[-10:-4])
            assert store.read(entry.key) == bytes([number % 251]) * 3_000_000


def test_a_dead_writers_file_goes_once_it_is_old(tmp_path):
    store = open_store(str(tmp_path))
    store.create("renders/a.zip", b"a")
    fresh, old = tmp_path / "renders/.tmp-fresh", tmp_path / "renders/.tmp-old"
    for path in (fresh, old):
        path.write_bytes(b"half")
    long_ago = time.time() - 2 * 24 * 3600
    for path in (old, tmp_path / "renders/a.zip"):
        os.utime(path, (long_ago, long_ago))
    assert [entry.key for entry in store.list()] == ["renders/a.zip"]
    assert not old.exists()
    assert fresh.exists()


def test_a_failed_write_leaves_nothing(tmp_path):
    store = open_store(str(tmp_path))
    with pytest.raises(StoreError):
        store.create("renders/a.zip", tmp_path / "not-there")
    assert list((tmp_path / "renders").iterdir()) == []


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.EXDEV])
def test_without_hard_links_a_key_is_still_created_once(tmp_path, monkeypatch, code):
    def link(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", link)  # a fault put into the system's call, as FAT has it
    store = open_store(str(tmp_path))
    assert store.create("a", b"first")
    assert not store.create("a", b"other")
    assert store.read("a") == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_files_by_uri_and_by_path_are_the_same(tmp_path):
    open_store(f"file://{tmp_path}/an%20output").create("a", b"a")
    assert open_store(str(tmp_path / "an output")).read("a") == b"a"


def failure(store):
    with pytest.raises(StoreError) as caught:
        store.check()
    message = str(caught.value)
    assert "\n" not in message
    assert store.uri in message
    return message


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for path in ("file", "file/x"):
        message = failure(open_store(str(tmp_path / path)))
        assert "remove the file that is where a folder should be" in message


def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    output = tmp_path / "output"
    output.mkdir(mode=0o555)
    was = os.geteuid()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    try:
        if was == 0:
            os.seteuid(65534)  # root may write anywhere
        message = failure(open_store(str(output)))
    finally:
        os.seteuid(was)
    assert "Permission denied; make it writable" in message
    assert list(output.iterdir()) == []
