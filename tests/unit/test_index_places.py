"""What a record may say of its bytes' place, by where its list lies."""

from itertools import product
from threading import Event

import pytest

from worker.core.errors import Download, IndexInvalid, Missing
from worker.index.record import ObjectRef
from worker.index.resolve import resolve
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.sources.local_source import LocalSource

FOLDERS = ("https://example.org/lists", "http://example.org", "s3://bucket/lists")
SOURCES = ("", "github", "sketchfab", "smithsonian", "x")


def placed(folder, **fields):
    return resolve(ObjectRef(**fields), folder, "list:1")


def secrets(path):
    """Every way to write a local file's path."""
    up = "../" * 30 + str(path)[1:]
    return (str(path), f"./{path}", path.as_uri(), f"file://localhost{path}", up, f"a/{up}",
            f"FILE://{path}", f"file:{path}", f" {path}", f"file:///..{path}")  # fmt: skip


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_list_from_elsewhere_leads_to_no_local_file(tmp_path, folder):
    secret = tmp_path / "secret.obj"
    secret.write_text("v 0 0 0\n")
    local = LocalSource(FetchLimits(attempts=1, timeout_s=1), Event())
    for place, source in product(secrets(secret), SOURCES):
        for fields in (
            {"file_identifier": place},
            {"file_identifier": "a", "path": place},
            {"file_identifier": "a", "url": place},
            {"file_identifier": "a", "path": place, "root": place},
            {"file_identifier": place, "path": "", "url": ""},
            {"file_identifier": place, "root": str(tmp_path)},
        ):
            try:
                ref = placed(folder, **fields, source=source)
            except IndexInvalid:
                continue
            assert not local.claims(ref), (fields, source)


@pytest.mark.parametrize("source", SOURCES)
def test_a_name_is_relative_to_its_list_whatever_its_source(source):
    assert placed("/lists", file_identifier="a.obj", source=source).location == "/lists/a.obj"
    for folder in FOLDERS:
        ref = placed(folder, file_identifier="a.obj", source=source)
        assert ref.location == f"{folder}/a.obj"


@pytest.mark.parametrize("field", ["file_identifier", "path", "root"])
@pytest.mark.parametrize(
    ("uri", "why"),
    [("file://evil/etc/x.obj", "another host \\(evil\\)"), ("file://x.obj", "another host"),
     ("file://", "no path"), ("file://[::1/x.obj", "Invalid IPv6")],
)  # fmt: skip
def test_a_file_of_another_host_is_refused(field, uri, why):
    with pytest.raises(IndexInvalid, match=f"list:1: field (path|root): .*{why}"):
        placed("/lists", **{"file_identifier": "a.obj", field: uri})


def test_a_file_of_this_host_is_taken():
    for uri in ("file:///m/a%20b.obj", "file://localhost/m/a%20b.obj"):
        assert placed("/lists", file_identifier=uri).location == "/m/a b.obj"


@pytest.mark.parametrize(
    ("uri", "failure"),
    [("file://evil/etc/passwd", Missing), ("file://[::1/x.obj", Missing), ("s3://[b/x", Download)],
)
def test_an_address_that_is_none_is_its_objects_failure(tmp_path, uri, failure):
    fetcher = Fetcher(tmp_path, limits=FetchLimits(attempts=1))
    with pytest.raises(failure):
        fetcher.fetch(ObjectRef(file_identifier=uri))
