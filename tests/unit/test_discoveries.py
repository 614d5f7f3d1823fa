"""Discoveries: of a repository spread over shards and ranks, one rank records them."""

import json

import pytest
from structlog.testing import capture_logs

from worker.core.ranks import Rank, ShardShare, assign
from worker.core.s3 import S3Options
from worker.index import builder, reader, uris
from worker.index.record import ObjectRef
from worker.ledger import Outcome
from worker.ledger.outcome import Author
from worker.run.discoveries import Discoveries, of_share
from worker.sources.git_source import FetchedCommit, file_of

COMMITS = ("a" * 40, "b" * 40)


def ref(repository, name, commit=COMMITS[0]):
    return ObjectRef(
        file_identifier=f"https://github.com/org/{repository}/blob/{commit}/{name}", source="github"
    )


FIRST = [ref("r", f"{n}.obj") for n in range(5)] + [ref("r", f"{n}.obj", COMMITS[1]) for n in "xyz"]
SECOND = [ref("s", "0.obj"), ref("s", "1.obj")]
NEW = [ref("r", "new.obj"), ref("r", "new.obj", COMMITS[1]), ref("s", "new.obj")]
OBJECTS = [*FIRST, *SECOND]


def fetched(new, listed=OBJECTS):
    """The commit of `new` as it is fetched: what of it is listed, and `new`."""
    commit, path = file_of(new.location)
    files = (file_of(each.location) for each in listed)
    return FetchedCommit(commit, (*sorted(file[1] for file in files if file[0] == commit), path))


@pytest.fixture(params=[1, 2, 3, 4, 20])
def index(request, tmp_path):
    """All objects, in shards of this size."""
    records = [{"fileIdentifier": one.file_identifier, "source": "github"} for one in OBJECTS]
    (tmp_path / "list.json").write_text(json.dumps(records))
    builder.build(str(tmp_path / "list.json"), str(tmp_path), shard_size=request.param)
    return reader.open_index(str(tmp_path), S3Options())


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_a_discovery_is_recorded_once_under_the_same_shard_whoever_works(index, world):
    recorded = {}
    for rank in range(world):
        discoveries = Discoveries(index)
        for share in assign(len(index.shards), rank, world):
            discoveries.open(share, index.read(index.shards[share.shard]))
        for one in NEW:
            for task in discoveries.of(fetched(one)):
                assert (task.ref, task.listed, task.attempt) == (one, False, 1)
                assert task.ref not in recorded
                recorded[task.ref] = task.shard
            assert discoveries.of(fetched(one)) == []
    shard_of = {each: shard.name for shard in index.shards for each in index.read(shard)}
    first = [OBJECTS[0], OBJECTS[5], OBJECTS[8]]
    assert recorded == {one: shard_of[each] for one, each in zip(NEW, first, strict=True)}


def test_all_that_the_index_names_of_a_repository_is_known(index):
    for share in assign(len(index.shards), 0, 1):
        discoveries = Discoveries(index)
        refs = index.read(index.shards[share.shard])
        discoveries.open(share, refs)
        for one in NEW:
            first = next(each for each in OBJECTS if fetched(each).commit == fetched(one).commit)
            expected = [one] if first in refs else []
            assert [task.ref for task in discoveries.of(fetched(one))] == expected
            whole = [each for each in OBJECTS if each.repository == one.repository]
            held = any(each in refs for each in whole)
            assert all(discoveries.named(each) is held for each in whole)
            assert not discoveries.named(one)


def test_a_listed_file_is_known_by_its_quoted_name_and_by_its_identifier(tmp_path):
    url = ref("r", "by%20url.obj").file_identifier
    records = [
        {"fileIdentifier": ref("r", "sub%20folder/a.obj").file_identifier},
        {"fileIdentifier": ref("r", "identifier.obj").file_identifier, "url": url},
        {"fileIdentifier": "https://example.com/x.obj"},
    ]
    (tmp_path / "list.json").write_text(json.dumps(records))
    index = reader.open_index(str(tmp_path / "list.json"), S3Options())
    discoveries = Discoveries(index)
    discoveries.open(ShardShare(0, 0, 1), index.read(index.shards[0]))
    paths = ("by url.obj", "c d%.ply", "identifier.obj", "sub folder/a.obj")
    found = discoveries.of(FetchedCommit(fetched(NEW[0]).commit, paths))
    assert [task.ref for task in found] == [ref("r", "c d%.ply")]


def test_what_a_ledger_has_is_not_recorded_again(index):
    discoveries = Discoveries(index)
    for share in assign(len(index.shards), 0, 1):
        refs = index.read(index.shards[share.shard])
        discoveries.open(share, refs, recorded=[NEW[0].uid] if share.shard == 0 else [])
    assert [[task.ref for task in discoveries.of(fetched(one))] for one in NEW] == [
        [], [NEW[1]], [NEW[2]],
    ]  # fmt: skip


def test_recorded_discoveries_are_of_the_stripe_that_has_the_commits_first_object():
    author = Author.of(Rank(0, 1), "3.4.1", "cpu")
    unlisted = [Outcome.new(one, "shard", author) for one in (*NEW, ref("gone", "a.obj"))]
    shares = [of_share(ShardShare(0, stripe, 3), OBJECTS, unlisted) for stripe in range(3)]
    assert shares == [[unlisted[0], unlisted[3]], [], unlisted[1:3]]  # objects 0, 5 and 8
    assert of_share(ShardShare(0, 0, 1), OBJECTS, unlisted) == unlisted


LARGE = [ref("r", f"{n}.obj") for n in range(80)]


@pytest.fixture
def large(tmp_path):
    """One repository over 40 shards of two objects, and how often a shard was read."""
    (tmp_path / "list.txt").write_text("\n".join(one.file_identifier for one in LARGE))
    builder.build(str(tmp_path / "list.txt"), str(tmp_path), shard_size=2)
    return reader.open_index(str(tmp_path), S3Options())


@pytest.fixture
def reads(monkeypatch):
    """The addresses that were read."""
    read: list[str] = []
    real = uris.read_bytes
    monkeypatch.setattr(uris, "read_bytes", lambda uri, *more: read.append(uri) or real(uri, *more))
    return read


def test_a_row_is_read_once_and_only_when_asked_for(large, reads):
    discoveries = Discoveries(large)
    for share in assign(len(large.shards), 0, 1):
        refs = large.read(large.shards[share.shard])
        reads.clear()
        discoveries.open(share, refs)
        assert reads == []
        one = ref("r", f"new{share.shard}.obj")
        (task,) = discoveries.of(fetched(one, LARGE))
        assert (task.ref, task.shard) == (one, large.shards[0].name)
        assert len(reads) == (len(large.shards) - 1 if share.shard == 0 else 0)


def test_no_other_shard_is_read_where_a_repository_holds_no_more(large, reads):
    discoveries = Discoveries(large)
    refs = large.read(large.shards[3])
    discoveries.open(ShardShare(3, 0, 1), refs)
    reads.clear()
    assert discoveries.of(fetched(refs[1], refs[:1])) == []
    assert reads == []
    assert discoveries.of(fetched(LARGE[-1], refs)) == []  # the index names it, in another shard
    assert len(reads) == len(large.shards) - 1


def test_what_lies_within_a_shard_takes_no_other(reads, tmp_path):
    names = [ref(f"r{n}", "a.obj").file_identifier for n in range(9)]
    (tmp_path / "other.txt").write_text("\n".join(names))
    builder.build(str(tmp_path / "other.txt"), str(tmp_path / "other"), shard_size=3)
    index = reader.open_index(str(tmp_path / "other"), S3Options())
    discoveries = Discoveries(index)
    refs = index.read(index.shards[1])
    discoveries.open(ShardShare(1, 0, 1), refs)
    reads.clear()
    new = ref(refs[1].repository.removeprefix("org/"), "new.obj")
    assert [task.ref for task in discoveries.of(fetched(new, refs))] == [new]
    assert reads == []


def test_another_ranks_broken_shard_ends_the_row_with_a_warning(large, tmp_path):
    (tmp_path / large.shards[2].file).write_bytes(b"garbage")
    (tmp_path / large.shards[30].file).unlink()
    discoveries = Discoveries(large)
    refs = large.read(large.shards[4])
    with capture_logs() as logs:
        discoveries.open(ShardShare(4, 0, 1), refs)
        # Shard 3 is another rank's, and goes before.
        assert discoveries.of(fetched(NEW[0], LARGE)) == []
        discoveries.of(fetched(ref("r", "other.obj"), LARGE))
    assert sorted(line["shard"] for line in logs) == [large.shards[n].name for n in (2, 30)]
    assert {line["log_level"] for line in logs} == {"warning"}
    assert all(line["shard"] in line["error"] for line in logs)
    beyond = Discoveries(large)
    beyond.open(ShardShare(3, 0, 1), large.read(large.shards[3]))
    found = beyond.of(fetched(NEW[0], LARGE))
    assert {task.shard for task in found} == {large.shards[3].name}
    unread = [*range(2 * 3), *range(2 * 30, 80)]
    expected = {LARGE[number].file_identifier for number in unread} | {NEW[0].file_identifier}
    assert {task.ref.file_identifier for task in found} == expected
