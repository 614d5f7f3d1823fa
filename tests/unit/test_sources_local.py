"""Local objects through the Fetcher: in place, within their root, checked, never deleted."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from worker.core.errors import (
    Missing,
    Modified,
    NodeError,
    ObjectInterrupted,
    TooLarge,
    Unsupported,
)
from worker.index.record import ObjectRef
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher


@pytest.fixture
def fetcher(tmp_path):
    return Fetcher(tmp_path / "scratch", limits=FetchLimits(max_bytes=1000))


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "in" / "chair #1" / "m.obj"
    path.parent.mkdir(parents=True)
    path.write_text("v 0 0 0")
    (path.parent / "m.mtl").write_text("newmtl a")
    return path


def ref(path, **more):
    return ObjectRef(file_identifier="it", path=str(path), **more)


def scratch_files(tmp_path):
    return [p for p in (tmp_path / "scratch").rglob("*") if not p.is_dir()]


def test_a_local_file_is_used_in_place(fetcher, model, tmp_path):
    digest = hashlib.sha256(b"v 0 0 0").hexdigest()
    got = fetcher.fetch(ref(model, sha256=digest.upper()))
    assert (got.path, got.root, got.model) == (model, model.parent, "m.obj")
    assert (got.sha256, got.size) == (digest, 7)
    fetcher.release(got)
    assert model.exists()
    assert not list((tmp_path / "scratch" / "objects").iterdir())


def test_a_file_url_and_a_bare_identifier_are_paths(fetcher, model):
    assert fetcher.fetch(ref(model.as_uri())).path == model
    assert fetcher.fetch(ObjectRef(file_identifier=str(model))).path == model


def test_a_root_widens_what_belongs_to_the_object(fetcher, model):
    got = fetcher.fetch(ref(model, root=str(model.parent.parent)))
    assert (got.root, got.model) == (model.parent.parent, "chair #1/m.obj")


def test_another_hash_is_modified_and_says_both(fetcher, model):
    digest = hashlib.sha256(b"v 0 0 0").hexdigest()
    with pytest.raises(Modified, match=f"(?s){digest}.*{'0' * 64}"):
        fetcher.fetch(ref(model, sha256="0" * 64))
    assert model.exists()


def test_what_is_not_there_is_missing(fetcher, model):
    for path in (model.with_name("no.obj"), model.parent, model / "x.obj", "a\0b.obj", "x" * 5000):
        with pytest.raises(Missing):
            fetcher.fetch(ref(path))


def test_a_link_out_of_its_root_is_missing(fetcher, model, tmp_path):
    (tmp_path / "in" / "l.obj").symlink_to(tmp_path / "secret.obj")
    (tmp_path / "secret.obj").write_text("x")
    with pytest.raises(Missing, match="is outside its folder"):
        fetcher.fetch(ref(tmp_path / "in" / "l.obj"))
    with pytest.raises(Missing, match="is outside its folder"):
        fetcher.fetch(ref(model, root=str(tmp_path / "elsewhere")))


def test_an_unknown_format_names_the_known_ones(fetcher, model):
    (model.parent / "m.txt").write_text("x")
    with pytest.raises(Unsupported, match="fbx, glb, gltf"):
        fetcher.fetch(ref(model.parent / "m.txt"))


def test_an_unknown_scheme_is_unsupported(fetcher):
    with pytest.raises(Unsupported, match="no source"):
        fetcher.fetch(ObjectRef(file_identifier="ftp://host/m.obj"))


def test_a_large_file_is_too_large(fetcher, model):
    model.write_bytes(b"v" * 1001)
    with pytest.raises(TooLarge):
        fetcher.fetch(ref(model))


def test_a_local_archive_is_unpacked_and_released(fetcher, tmp_path):
    archive = tmp_path / "in.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("c/m.obj", "v 1")
        opened.writestr("c/m.mtl", "x")
    for location in (archive, f"{archive}!/c/m.obj"):
        got = fetcher.fetch(ref(location, sha256=hashlib.sha256(b"v 1").hexdigest()))
        assert (got.model, got.path.read_text()) == ("c/m.obj", "v 1")
        assert (got.root / "c" / "m.mtl").exists()
        fetcher.release(got)
        assert not scratch_files(tmp_path)
    assert archive.exists()


def test_a_failed_fetch_leaves_nothing_behind(fetcher, tmp_path):
    archive = tmp_path / "in.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("m.obj", "v 1")
    with pytest.raises(Modified):
        fetcher.fetch(ref(archive, sha256="1" * 64))
    assert not list((tmp_path / "scratch" / "objects").iterdir())


def test_a_full_disk_is_the_nodes_trouble(fetcher, tmp_path, monkeypatch):
    archive = tmp_path / "in.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("m.obj", "v 1")
    real = Path.open

    def full(path, mode="r", *rest):
        # The kernel's own full disk in place of the file to be written.
        if mode == "xb":
            return real(Path("/dev/full"), "wb", 0)
        return real(path, mode, *rest)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(NodeError, match="scratch space is full"):
        fetcher.fetch(ref(archive))


def test_after_a_stop_nothing_is_unpacked(fetcher, tmp_path):
    archive = tmp_path / "in.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("m.obj", "v 1")
    fetcher.stop()
    with pytest.raises(ObjectInterrupted):
        fetcher.fetch(ref(archive))
