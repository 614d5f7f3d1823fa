"""News: of a repository spread over shards and ranks, one tells, and knows what others name."""

import json

import pytest
from structlog.testing import capture_logs

from worker.core.ranks import assign
from worker.core.s3 import S3Options
from worker.index import builder, reader, uris
from worker.index.record import ObjectRef
from worker.run.discoveries import Discoveries
from worker.sources.git_source import commit_of

COMMITS = ("a" * 40, "b" * 40)


def ref(repository, name, commit=COMMITS[0]):
    return ObjectRef(
        file_identifier=f"https://github.com/org/{repository}/blob/{commit}/{name}", source="github"
    )


FIRST = [ref("r", f"{n}.obj") for n in range(5)] + [ref("r", f"{n}.obj", COMMITS[1]) for n in "xyz"]
SECOND = [ref("s", "0.obj"), ref("s", "1.obj")]
NEWS = [ref("r", "new.obj"), ref("r", "new.obj", COMMITS[1]), ref("s", "new.obj")]
OBJECTS = [*FIRST, *SECOND]


@pytest.fixture(params=[1, 2, 3, 4, 20])
def index(request, tmp_path):
    """All objects, in shards of this size."""
    records = [{"fileIdentifier": one.file_identifier, "source": "github"} for one in OBJECTS]
    (tmp_path / "list.json").write_text(json.dumps(records))
    builder.build(str(tmp_path / "list.json"), str(tmp_path), shard_size=request.param)
    return reader.open_index(str(tmp_path), S3Options())


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_news_are_told_once_under_the_same_shard_whoever_works(index, world):
    told = {}
    for rank in range(world):
        news = Discoveries(index)
        for share in assign(len(index.shards), rank, world):
            news.open(share, index.read(index.shards[share.shard]))
        for number, one in enumerate(NEWS):
            if shard := news.shard_of(one):
                assert number not in told
                told[number] = shard
    first_shard_of = {
        one.file_identifier: shard.name for shard in index.shards for one in index.read(shard)
    }
    first_objects = (OBJECTS[0], OBJECTS[5], OBJECTS[8])
    assert told == {n: first_shard_of[o.file_identifier] for n, o in enumerate(first_objects)}


def test_all_that_the_index_names_of_a_repository_is_known(index):
    for share in assign(len(index.shards), 0, 1):
        news = Discoveries(index)
        refs = index.read(index.shards[share.shard])
        news.open(share, refs)
        for one in NEWS:
            known = news.named(commit_of(one.location))
            whole = {each.file_identifier for each in OBJECTS if each.repository == one.repository}
            mine = {each.file_identifier for each in refs}
            commit = commit_of(one.location)
            first = next(each for each in OBJECTS if commit_of(each.location) == commit)
            assert known is None if first.file_identifier not in mine else set(known) == whole
            held = bool(whole & mine)
            assert all(
                news.names(each) is held for each in OBJECTS if each.file_identifier in whole
            )
            assert not news.names(one)


@pytest.fixture
def large(tmp_path):
    """One repository over 40 shards of two objects, and how often a shard was read."""
    names = [ref("r", f"{n}.obj").file_identifier for n in range(80)]
    (tmp_path / "list.txt").write_text("\n".join(names))
    builder.build(str(tmp_path / "list.txt"), str(tmp_path), shard_size=2)
    return reader.open_index(str(tmp_path), S3Options())


@pytest.fixture
def reads(monkeypatch):
    """The addresses that were read."""
    read: list[str] = []
    real = uris.read_bytes
    monkeypatch.setattr(uris, "read_bytes", lambda uri, s3: read.append(uri) or real(uri, s3))
    return read


def test_a_row_is_read_once_and_only_when_asked_for(large, reads):
    news = Discoveries(large)
    for share in assign(len(large.shards), 0, 1):
        refs = large.read(large.shards[share.shard])
        reads.clear()
        news.open(share, refs)
        assert reads == []
        assert len(news.named(commit_of(refs[0].location))) == large.objects
        assert news.shard_of(NEWS[0]) == large.shards[0].name
        assert len(reads) == (len(large.shards) - 1 if share.shard == 0 else 0)


def test_what_lies_within_a_shard_takes_no_other(reads, tmp_path):
    names = [ref(f"r{n}", "a.obj").file_identifier for n in range(9)]
    (tmp_path / "other.txt").write_text("\n".join(names))
    builder.build(str(tmp_path / "other.txt"), str(tmp_path / "other"), shard_size=3)
    index = reader.open_index(str(tmp_path / "other"), S3Options())
    news = Discoveries(index)
    (share,) = (share for share in assign(3, 0, 1) if share.shard == 1)
    refs = index.read(index.shards[1])
    news.open(share, refs)
    reads.clear()
    assert set(news.named(commit_of(refs[1].location))) == {refs[1].file_identifier}
    assert reads == []


def test_another_ranks_broken_shard_ends_the_row_with_a_warning(large, tmp_path):
    (tmp_path / large.shards[2].file).write_bytes(b"garbage")
    (tmp_path / large.shards[30].file).unlink()
    news = Discoveries(large)
    (share,) = (share for share in assign(len(large.shards), 4, 40))
    refs = large.read(large.shards[4])
    with capture_logs() as logs:
        news.open(share, refs)
        assert news.shard_of(NEWS[0]) is None  # shard 3 is another rank's, and goes before
        news.shard_of(ref("r", "other.obj"))
    assert sorted(line["shard"] for line in logs) == [large.shards[n].name for n in (2, 30)]
    assert {line["log_level"] for line in logs} == {"warning"}
    assert all(line["shard"] in line["error"] for line in logs)
    beyond = Discoveries(large)
    (share,) = assign(len(large.shards), 3, 40)
    beyond.open(share, large.read(large.shards[3]))
    assert beyond.shard_of(NEWS[0]) == large.shards[3].name
    assert len(beyond.named(commit_of(NEWS[0].location))) == 2 * (29 - 3 + 1)
