"""Building: what goes in comes out, in the same bytes every time, and nothing is overwritten."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from itertools import groupby
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.errors import IndexInvalid, OutputMismatch, UsageError
from worker.core.s3 import S3Options
from worker.index.builder import build
from worker.index.reader import open_index
from worker.index.shard_spool import ShardSpool
from worker.stores.folder import FolderStore

S3 = S3Options()
COMMIT = "c" * 40


def blob(repository, file):
    return f"https://github.com/{repository}/blob/{COMMIT}/{file}"


def contents(uri):
    """Every record of an index or list, in its order."""
    index = open_index(str(uri), S3)
    return [ref for shard in index.shards for ref in index.read(shard)]


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*")) if p.is_file()}  # fmt: skip


def jsonl(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


names = st.text(
    st.characters(exclude_characters="\0/", exclude_categories=("Cs",)), min_size=1, max_size=12
).filter(lambda name: name.strip() and name.strip(".") and "://" not in name)
records = st.one_of(
    st.fixed_dictionaries({"fileIdentifier": names}, optional={"license": names}),
    st.fixed_dictionaries(
        {"fileIdentifier": names, "path": names.map("sub/{}".format)},
        optional={"root": st.sampled_from(["sub", "."]), "sha256": st.just("AB" * 32)},
    ),
    st.fixed_dictionaries({"fileIdentifier": names, "path": names.map("../up/{}".format)}),
    st.fixed_dictionaries({"fileIdentifier": names, "path": names.map("/abs/{}".format)}),
    st.fixed_dictionaries({"fileIdentifier": names, "url": names.map("https://x.test/{}".format)},
                          optional={"metadata": st.dictionaries(names, st.integers(0, 9))}),
    st.builds(lambda repo, file: {"fileIdentifier": blob(repo, file), "source": "github"},
              st.sampled_from(["a/a", "a/b", "b/a"]), names),
)  # fmt: skip


@settings(deadline=None, max_examples=30)
@given(st.lists(records, min_size=1, max_size=30), st.integers(1, 7), st.sampled_from([".", "up"]))
def test_a_built_index_has_the_records_of_its_list(tmp_path_factory, listed, size, where):
    folder = tmp_path_factory.mktemp("any")
    source = jsonl(folder / "list/objects.jsonl", listed)
    # Below the list, above it and beside it: paths become relative or stay absolute.
    out = folder / "list" if where == "." else folder / where
    built = build(str(source), str(out), shard_size=size)
    before, after = contents(source), contents(out / "index.json")
    key = msgspec.json.encode
    assert sorted(map(key, before)) == sorted(map(key, after))
    index = open_index(str(out), S3)
    assert built.objects == len(before) == index.objects
    assert built.duplicates == len(listed) - len(before)
    assert built.digest == index.digest
    assert all(1 <= shard.objects <= size for shard in index.shards)
    # Beside the repositories' objects, which move together, the order stays.
    others = [ref for ref in before if ref.source != "github"]
    assert [ref for ref in after if ref.source != "github"] == others
    shutil.rmtree(folder)


def test_bytes_are_the_same_each_time_and_anywhere(tmp_path):
    for place in ("one", "two"):
        (tmp_path / place / "models/deep").mkdir(parents=True)
        for name in ("b.glb", "a.obj", "deep/c.ply"):
            (tmp_path / place / "models" / name).write_text(name)
        build(str(tmp_path / place / "models"), str(tmp_path / place), shard_size=2)
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert one == two
    assert {name for name in one if "models" not in name} == {
        "index.json", "shards/000000.jsonl", "shards/000001.jsonl",
    }  # fmt: skip
    assert one["shards/000001.jsonl"] == (
        b'{"fileIdentifier":"deep/c.ply","path":"models/deep/c.ply","root":"models"}\n'
    )
    assert json.loads(one["index.json"]) == {
        "format": "render-worker-index", "version": 1, "objects": 3,
        "shards": [
            {"name": f"00000{n}", "file": f"shards/00000{n}.jsonl", "objects": objects,
             "sha256": hashlib.sha256(one[f"shards/00000{n}.jsonl"]).hexdigest()}
            for n, objects in enumerate((2, 1))
        ],
    }  # fmt: skip


def test_an_index_moves_with_its_models(tmp_path):
    (tmp_path / "here/models").mkdir(parents=True)
    (tmp_path / "here/models/a.glb").write_text("")
    build(str(tmp_path / "here/models"), str(tmp_path / "here"))
    (tmp_path / "here").rename(tmp_path / "there")
    assert contents(tmp_path / "there")[0].location == str(tmp_path / "there/models/a.glb")


def test_the_objects_of_a_repository_stay_together(tmp_path):
    listed = [{"fileIdentifier": blob(f"o/r{n % 5}", f"{n}.glb")} for n in range(40)]
    listed.insert(7, {"fileIdentifier": "https://x.test/alone.glb"})
    build(str(jsonl(tmp_path / "l.jsonl", listed)), str(tmp_path / "out"), shard_size=20)
    index = open_index(str(tmp_path / "out"), S3)
    repositories = [
        [ref.file_identifier.split("/blob/")[0] for ref in index.read(shard)]
        for shard in index.shards
    ]
    runs = [name for shard in repositories for name, _ in groupby(shard)]
    assert runs == [f"https://github.com/o/r{n}" for n in range(5)] + ["https://x.test/alone.glb"]
    # Eight objects each: two repositories fill 16 of 20 places, the third begins a shard.
    assert [len(shard) for shard in repositories] == [16, 16, 9]


def test_a_repository_larger_than_a_shard_fills_several(tmp_path):
    listed = [{"fileIdentifier": "https://x.test/first.glb"}]
    listed += [{"fileIdentifier": blob("o/r", f"{n}.glb")} for n in range(10)]
    build(str(jsonl(tmp_path / "l.jsonl", listed)), str(tmp_path / "out"), shard_size=4)
    assert [s.objects for s in open_index(str(tmp_path / "out"), S3).shards] == [1, 4, 4, 2]


def test_a_copy_on_disk_of_a_repositorys_object_needs_no_grouping(tmp_path):
    listed = [{"fileIdentifier": blob(f"o/r{n % 2}", f"{n}"), "path": f"{n}"} for n in range(6)]
    build(str(jsonl(tmp_path / "l.jsonl", listed)), str(tmp_path / "out"))
    assert [ref.file_identifier for ref in contents(tmp_path / "out")] == [
        record["fileIdentifier"] for record in listed
    ]


def test_duplicates_are_left_out_across_shards(tmp_path):
    listed = [{"fileIdentifier": f"{n % 7}", "path": f"{n}.glb"} for n in range(20)]
    built = build(str(jsonl(tmp_path / "l.jsonl", listed)), str(tmp_path / "out"), shard_size=2)
    assert built.duplicates == 13
    assert [Path(ref.location).name for ref in contents(tmp_path / "out")] == [
        f"{n}.glb" for n in range(7)
    ]


def test_equal_hashes_of_different_objects_lose_nothing(tmp_path, monkeypatch):
    class Colliding:
        def __init__(self, _data, digest_size):
            self.size = digest_size

        def digest(self):
            return bytes(self.size)

    monkeypatch.setattr("worker.index.shard_spool.hashlib.blake2b", Colliding)
    listed = [{"fileIdentifier": name} for name in "abcab"]
    build(str(jsonl(tmp_path / "l.jsonl", listed)), str(tmp_path / "out"))
    assert [ref.file_identifier for ref in contents(tmp_path / "out")] == ["a", "b", "c"]


def test_a_different_index_is_not_overwritten(tmp_path):
    one = jsonl(tmp_path / "one.jsonl", [{"fileIdentifier": "a"}])
    two = jsonl(tmp_path / "two.jsonl", [{"fileIdentifier": "b"}])
    first = build(str(one), str(tmp_path / "out"))
    before = files(tmp_path / "out")
    assert build(str(one), str(tmp_path / "out")) == first
    with pytest.raises(OutputMismatch, match=r"out/index\.json belongs to another index"):
        build(str(two), str(tmp_path / "out"))
    assert files(tmp_path / "out") == before


def test_a_build_that_was_cut_off_is_finished_by_the_next(tmp_path, monkeypatch):
    source = jsonl(tmp_path / "l.jsonl", [{"fileIdentifier": f"{n}"} for n in range(200)])
    create = FolderStore.create

    def cut_off(store, key, body):
        if key >= "shards/000040":
            raise KeyboardInterrupt
        return create(store, key, body)

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "create", cut_off)
        with pytest.raises(KeyboardInterrupt):
            build(str(source), str(tmp_path / "out"), shard_size=2)
    assert not (tmp_path / "out/index.json").exists()
    left = files(tmp_path / "out")
    assert 0 < len(left) < 100
    other = jsonl(tmp_path / "o.jsonl", [{"fileIdentifier": f"x{n}"} for n in range(200)])
    with pytest.raises(OutputMismatch, match=r"shards/.* belongs to another index"):
        build(str(other), str(tmp_path / "out"), shard_size=2)
    build(str(source), str(tmp_path / "out"), shard_size=2)
    assert len(contents(tmp_path / "out")) == 200
    assert left.items() <= files(tmp_path / "out").items()


def test_hashes_are_those_of_the_files(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    for name in ("a.glb", "b.zip"):
        (models / name).write_bytes(name.encode())
    kept = "12" * 32
    listed = [
        {"fileIdentifier": "a", "path": "models/a.glb"},
        {"fileIdentifier": "b", "path": "models/b.zip"},
        {"fileIdentifier": "c", "path": "models/a.glb", "sha256": kept},
        {"fileIdentifier": "d", "path": "models/gone.glb"},
        {"fileIdentifier": "e", "url": "https://x.test/a.glb"},
    ]
    build(str(jsonl(tmp_path / "l.jsonl", listed)), str(tmp_path / "out"), hash_files=True)
    assert [ref.sha256 for ref in contents(tmp_path / "out")] == [
        hashlib.sha256(b"a.glb").hexdigest(), None, kept, None, None,
    ]  # fmt: skip


def test_progress_ends_with_the_whole_count(tmp_path):
    told = []
    source = jsonl(tmp_path / "l.jsonl", [{"fileIdentifier": f"{n}"} for n in range(300)])
    build(str(source), str(tmp_path / "out"), progress=told.append)
    assert told[-1] == 300
    assert told == sorted(told)


def test_a_spool_holds_many_records_in_a_few_bytes_each():
    import tracemalloc

    from worker.index.record import ObjectRef

    with ShardSpool() as spool:
        spool.append(ObjectRef(file_identifier="first"))
        tracemalloc.start()
        try:
            for n in range(10_000):
                spool.append(ObjectRef(file_identifier=f"{n}", metadata={"text": "x" * 1000}))
            count = Counter(len(lines) for lines in spool.shards(100))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert count == {100: 100, 1: 1}
    # The lines themselves, a kilobyte each, lie on disk.
    assert peak < 10_000 * 300


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"shard_size": 0}, UsageError, "shard size is 0"),
        ({"kind": "tree"}, UsageError, "'tree' is not a kind of list"),
        ({"kind": "folder"}, IndexInvalid, "is a file"),
        ({"out": "index.json"}, UsageError, "give the folder"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, error, words):
    source = jsonl(tmp_path / "l.jsonl", [{"fileIdentifier": "a"}])
    arguments = {"out": "out"} | options
    with pytest.raises(error, match=words):
        build(str(source), str(tmp_path / arguments.pop("out")), **arguments)
    assert not (tmp_path / "out/index.json").exists()


def test_wrong_lists_leave_no_index(tmp_path):
    source = jsonl(tmp_path / "l.jsonl", [{"fileIdentifier": "a"}, {"path": "b"}])
    with pytest.raises(IndexInvalid, match=r"l\.jsonl:2: field fileIdentifier missing"):
        build(str(source), str(tmp_path / "out"))
    with pytest.raises(IndexInvalid, match="contains no objects"):
        build(str(jsonl(tmp_path / "e.jsonl", [])), str(tmp_path / "out"))
    assert files(tmp_path / "out") == {}


def test_an_index_is_not_built_from_an_index(tmp_path):
    build(str(jsonl(tmp_path / "l.jsonl", [{"fileIdentifier": "a"}])), str(tmp_path / "out"))
    with pytest.raises(UsageError, match="is already an index"):
        build(str(tmp_path / "out/index.json"), str(tmp_path / "again"))
