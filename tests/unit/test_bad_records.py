"""Records of a shard that no list would hold: each costs its own object, and is never built."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.core import keys
from worker.core.errors import OBJECT_ERRORS, IndexInvalid, RecordInvalid
from worker.core.s3 import S3Options
from worker.index import bounded_reads, manifest, resolve, shard_lines
from worker.index.builder import build
from worker.index.reader import open_index
from worker.index.record import BadRecord, ObjectRef, Shard
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher

S3 = S3Options()
GOOD = b'{"fileIdentifier":"good.obj"}'
DEEP = b"[" * 100_000 + b"]" * 100_000
SCENELESS = (
    b'{"fileIdentifier":"bad.obj","scenes":'
    b'{"plan":"","first":0,"classes":[],"groups":[],"members":[]}}'
)
OWN, NONE = "bad.obj", None
BAD = {
    "infinite": (b'{"fileIdentifier":"bad.obj","metadata":{"x":1e999}}', OWN, "too large"),
    "a huge integer": (
        b'{"metadata":{"x":' + b"9" * 5000 + b'},"fileIdentifier":"bad.obj"}', OWN, "too large",
    ),
    "NaN": (b'{"fileIdentifier":"bad.obj","metadata":{"x":NaN}}', NONE, "malformed"),
    "a null": (b'{"fileIdentifier":"bad\\u0000.obj"}', NONE, "null character"),
    "a null in path": (
        b'{"fileIdentifier":"bad.obj","path":"a\\u0000b"}', OWN, "path: 'a\\x00b' has a null",
    ),
    "a null in url": (
        b'{"fileIdentifier":"bad.obj","url":"http://a\\u0000b"}', OWN, "null character",
    ),
    "a lone surrogate": (b'{"fileIdentifier":"bad\\ud800.obj"}', NONE, "surrogate pair"),
    "a surrogate in UTF-8": (b'{"fileIdentifier":"\xed\xa0\x80"}', NONE, "not UTF-8"),
    "no UTF-8": (b'{"fileIdentifier":"bad.obj","license":"\xff"}', OWN, "not UTF-8"),
    "a file of another machine": (
        b'{"fileIdentifier":"bad.obj","path":"file://elsewhere/a.obj"}', OWN, "elsewhere",
    ),
    "an identifier elsewhere": (
        b'{"fileIdentifier":"file://elsewhere/bad.obj"}', "file://elsewhere/bad.obj", "elsewhere",
    ),
    "deep": (b'{"metadata":{"a":' + DEEP + b'},"fileIdentifier":"bad.obj"}', NONE, "too deeply"),
    "a list": (b'["bad.obj"]', NONE, "must be an object"),
    "a number": (b"7", NONE, "must be an object"),
    "another type": (b'{"fileIdentifier":7}', NONE, "field fileIdentifier: int, not str"),
    "a field's type": (b'{"fileIdentifier":"bad.obj","url":[]}', OWN, "field url"),
    "no identifier": (b'{"path":"bad.obj"}', NONE, "field fileIdentifier missing"),
    "an empty identifier": (b'{"fileIdentifier":" "}', NONE, "is empty"),
    "cut off": (b'{"fileIdentifier":"bad.obj"', NONE, "truncated"),
    "no JSON": (b"\x00\x01bad", NONE, "malformed"),
    "a long identifier": (
        b'{"fileIdentifier":"' + b"x" * 5000 + b'"}', NONE, "has 5,000 characters",
    ),
    "a url that is none": (
        b'{"fileIdentifier":"bad.obj","url":"gopher://a/b"}', OWN, "is not http://",
    ),
    "a wrong sha256": (b'{"fileIdentifier":"bad.obj","sha256":"12"}', OWN, "not 64 hex digits"),
    "scenes of nothing": (
        SCENELESS, OWN, "class number does not exist",
    ),
}  # fmt: skip


def index_of(folder: Path, *lines: bytes) -> str:
    """An index of one shard with these lines, as another program may have made it."""
    body = b"".join(line + b"\n" for line in lines)
    name = keys.shard_name(0)
    digest = hashlib.sha256(body).hexdigest()
    shard = Shard(name=name, file=keys.shard_file(name), objects=len(lines), sha256=digest)
    (folder / keys.SHARDS).mkdir(parents=True, exist_ok=True)
    (folder / shard.file).write_bytes(body)
    (folder / keys.INDEX).write_bytes(manifest.encode((shard,)))
    return str(folder)


def read(index: str) -> tuple[ObjectRef, ...]:
    opened = open_index(index, S3)
    return opened.read(opened.shards[0])


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_is_one_bad_object(name, tmp_path):
    line, identifier, why = BAD[name]
    index = index_of(tmp_path, b'{"fileIdentifier":"first.obj"}', line, GOOD)
    first, bad, good = read(index)
    assert (type(first), type(good)) == (ObjectRef, ObjectRef)
    assert isinstance(bad, BadRecord)
    assert bad.file_identifier == (identifier or "000000:2")
    assert bad.uid == read(index)[1].uid  # the same in every run
    assert bad.reason.startswith("shards/000000.jsonl:2: ")
    assert why in bad.reason
    assert shard_lines.ADVICE in bad.reason
    assert str(tmp_path) not in bad.reason


@pytest.mark.parametrize("name", BAD)
def test_a_list_with_a_bad_record_is_not_built(name, tmp_path):
    line, _, why = BAD[name]
    (tmp_path / "list.jsonl").write_bytes(GOOD + b"\n" + line + b"\n")
    with pytest.raises(IndexInvalid) as caught:
        build(str(tmp_path / "list.jsonl"), str(tmp_path / "index"))
    assert f"{tmp_path}/list.jsonl:2: " in str(caught.value)
    assert why in str(caught.value)
    assert not (tmp_path / "index" / keys.INDEX).exists()


def test_an_index_with_a_bad_record_is_not_built_again(tmp_path):
    index = f"{index_of(tmp_path / 'index', GOOD, BAD['infinite'][0])}/{keys.INDEX}"
    with pytest.raises(IndexInvalid, match=r"^shards/000000\.jsonl:2: a number is too large"):
        build(index, str(tmp_path / "out"), arrange=lambda refs: refs)


def test_a_line_that_is_too_long_is_one_bad_object(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_reads, "LONGEST_LINE", 100)
    long = b'{"fileIdentifier":"bad.obj","license":"%s"}' % (b"x" * 100)
    bad, good = read(index_of(tmp_path, long, GOOD))
    assert (bad.file_identifier, good.file_identifier) == ("bad.obj", "good.obj")
    assert "shards/000000.jsonl:1: longer than 100 bytes" in bad.reason


def test_a_bad_record_reads_nothing(tmp_path):
    (tmp_path / "bad.obj").write_text("# a file that the record's identifier names\n")
    bad, _ = read(index_of(tmp_path / "index", b'{"fileIdentifier":"../bad.obj","url":7}', GOOD))
    fetcher = Fetcher(tmp_path / "fetched", limits=FetchLimits())
    fetcher.plan([bad])
    with pytest.raises(RecordInvalid, match=r"000000\.jsonl:1: field url: int"):
        fetcher.fetch(bad)
    assert not OBJECT_ERRORS["record"].retryable


def test_unknown_fields_are_ignored(tmp_path):
    (ref,) = read(index_of(tmp_path, b'{"fileIdentifier":"a","reason":"none","more":[1]}'))
    assert type(ref) is ObjectRef


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.text()
        for name in ("fileIdentifier", "path", "url", "root", "sha256", "fileType", "metadata",
                     "scenes")
    },
)  # fmt: skip
LINES = (
    st.binary(max_size=40)
    | RECORDS.map(lambda record: json.dumps(record).encode())
    | RECORDS.map(lambda record: json.dumps(record, ensure_ascii=False).encode(errors="replace"))
).map(lambda line: line.replace(b"\n", b" "))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(LINES.filter(lambda line: not line.isspace() and line), max_size=4), st.booleans())
def test_whatever_the_lines_hold_the_good_record_is_read(lines, remote):
    folder = "https://models.test/index" if remote else tempfile.gettempdir()
    shard = Shard(name="000000", file="shards/000000.jsonl", objects=len(lines) + 1, sha256="")
    body = b"\n".join([*lines, GOOD])
    numbered = shard_lines.split(body)
    assert len(numbered) == shard.objects
    refs = [shard_lines.record(shard, number, line, folder) for number, line in numbered]
    assert type(refs[-1]) is ObjectRef
    for ref in refs:
        assert len(ref.file_identifier) <= resolve.LONGEST
        ref.file_identifier.encode()
        assert keys.UID_PATTERN.fullmatch(ref.uid)
        if remote:
            assert ref.path is None or ref.path.startswith(("http://", "https://", "s3://"))
