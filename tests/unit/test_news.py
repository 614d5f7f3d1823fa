"""News: of a repository spread over shards and ranks, one tells, and knows what others name."""

import json

import pytest

from worker.index import builder, reader
from worker.index.record import ObjectRef
from worker.news import News
from worker.ranks import assign
from worker.s3 import S3Options

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
        news = News(index)
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
        refs = index.read(index.shards[share.shard])
        known = {one.file_identifier for one in (*refs, *News(index).open(share, refs))}
        whole = {one.repository for one in refs}
        assert known == {one.file_identifier for one in OBJECTS if one.repository in whole}
