"""Store.as_file: a body as a file, of a folder its own, of S3 a copy that goes again."""

from __future__ import annotations

import pytest

from tests.tools.moto import s3_server
from worker.core import s3
from worker.core.errors import NodeError, StoreError
from worker.core.s3 import S3Options
from worker.stores import open_store
from worker.stores.base import TooLargeToRead


@pytest.fixture(scope="module")
def options():
    with s3_server() as endpoint, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        found = S3Options(endpoint_url=endpoint, region="us-east-1", addressing_style="path")
        s3.client(found).create_bucket(Bucket="bucket")
        yield found


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path, options):
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    return open_store(f"s3://bucket/{tmp_path.name}", options)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies"


def test_the_body_while_the_context_lasts(store, folder):
    body = bytes(range(256)) * 10_000
    store.create("a/b", body)
    with store.as_file("a/b", folder, len(body)) as path:
        assert path.read_bytes() == body
    assert list(folder.iterdir()) == []


def test_no_such_key(store, folder):
    store.create("a/b", b"")
    for key in ("a/c", "a", "a/b/c"):
        with store.as_file(key, folder, 1) as path:
            assert path is None
    assert list(folder.iterdir()) == []


def test_larger_than_it_may_be(store, folder):
    store.create("a", b"xyz")
    with pytest.raises(TooLargeToRead), store.as_file("a", folder, 2):
        pass
    assert list(folder.iterdir()) == []


def test_a_key_that_leaves_the_store(store, folder):
    with pytest.raises(StoreError, match="unsafe key"), store.as_file("../a", folder, 1):
        pass


def test_an_error_of_the_context_is_its_own(store, folder):
    store.create("a", b"x")
    with pytest.raises(OSError, match="mine"), store.as_file("a", folder, 1):
        raise OSError("mine")
    assert list(folder.iterdir()) == []


def test_another_body_than_that_stored_with_its_hash(options, folder):
    s3.client(options).put_object(
        Bucket="bucket", Key="damaged/a", Body=b"x", Metadata={"sha256": "0" * 64}
    )
    store = open_store("s3://bucket/damaged", options)
    with pytest.raises(StoreError, match="corrupt"), store.as_file("a", folder, 1):
        pass
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_the_nodes(options, folder, monkeypatch):
    store = open_store("s3://bucket/full", options)
    store.create("a", b"x")
    (folder / "full").symlink_to("/dev/full")
    monkeypatch.setattr("worker.stores.s3.copy_name", lambda: "full")
    with pytest.raises(NodeError, match="--scratch") as raised, store.as_file("a", folder, 1):
        pass
    assert not isinstance(raised.value, StoreError)
