"""Opening a built index: only index.json is read; a rank's first shards are checked at once."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from worker.core import keys
from worker.core.errors import IndexInvalid, ShardBroken
from worker.core.s3 import S3Options
from worker.index import manifest
from worker.index.reader import CHECKED_OBJECTS, CHECKED_SHARDS, checked, open_index
from worker.index.record import BadRecord, Shard

S3 = S3Options()
LINES = (
    b'{"fileIdentifier":"a.glb"}\n',
    b'{"fileIdentifier":"https://x.test/b.glb"}\n{"fileIdentifier":"c","path":"../c.obj"}\n',
)


def shard_of(number, body):
    name = keys.shard_name(number)
    return Shard(
        name=name,
        file=keys.shard_file(name),
        objects=body.count(b"\n"),
        sha256=hashlib.sha256(body).hexdigest(),
    )


@pytest.fixture
def index(tmp_path):
    """A valid index of two shards; its folder."""
    folder = tmp_path / "index"
    (folder / keys.SHARDS).mkdir(parents=True)
    shards = tuple(shard_of(number, body) for number, body in enumerate(LINES))
    for shard, body in zip(shards, LINES, strict=True):
        (folder / shard.file).write_bytes(body)
    (folder / keys.INDEX).write_bytes(manifest.encode(shards))
    return folder


def change(index, edit):
    path = index / keys.INDEX
    value = json.loads(path.read_bytes())
    edit(value)
    path.write_text(json.dumps(value))


@pytest.mark.parametrize("name", ["index.json", "", "renamed.json"])
def test_an_index_by_its_file_its_folder_or_another_name(index, name):
    if name == "renamed.json":
        (index / keys.INDEX).rename(index / name)
    opened = open_index(str(index / name), S3)
    assert opened.objects == 3
    assert [shard.name for shard in opened.shards] == ["000000", "000001"]
    found = [ref for shard in opened.shards for ref in opened.read(shard)]
    assert [ref.file_identifier for ref in found] == ["a.glb", "https://x.test/b.glb", "c"]
    assert [ref.location for ref in found] == [
        str(index / "a.glb"), "https://x.test/b.glb", str(index.parent / "c.obj"),
    ]  # fmt: skip
    manifest_file = index / (name or keys.INDEX)
    assert opened.digest == hashlib.sha256(manifest_file.read_bytes()).hexdigest()


def test_a_folder_of_models_may_hold_a_foreign_index_json(tmp_path):
    (tmp_path / "index.json").write_text('{"format": "something else"}')
    (tmp_path / "a.glb").write_text("")
    assert open_index(str(tmp_path), S3).objects == 1


def test_paths_are_relative_to_the_index_and_not_to_the_current_folder(index, monkeypatch):
    monkeypatch.chdir(index.parent)
    opened = open_index("index/index.json", S3)
    assert opened.read(opened.shards[0])[0].location == str(index / "a.glb")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda v: v.update(version=2), ["version 2", "reads version 1"]),
        (lambda v: v.pop("objects"), ["field objects missing"]),
        (lambda v: v["shards"][1].pop("sha256"), ["sha256", "missing"]),
        (lambda v: v.update(objects=7), ["objects is not the sum"]),
        (lambda v: v.update(objects=0, shards=[]), ["contains no objects"]),
        (lambda v: v["shards"][1].update(name="000000"), ["the same name"]),
        (lambda v: v["shards"][1].update(name="../x"), ["'../x' is not a valid shard name"]),
        (
            lambda v: v["shards"][1].update(file="/etc/passwd"),
            ["/etc/passwd", "outside the folder of"],
        ),
        (lambda v: v["shards"][1].update(file="a/../../b"), ["a/../../b", "outside the folder of"]),
    ],
)
def test_a_wrong_index_json_is_refused_when_opened(index, edit, words):
    change(index, edit)
    with pytest.raises(IndexInvalid) as caught:
        open_index(str(index), S3)
    assert str(caught.value).startswith(str(index / keys.INDEX))
    for word in words:
        assert word in str(caught.value)


def test_a_shard_that_was_changed_is_refused(index):
    opened = open_index(str(index), S3)
    (index / opened.shards[1].file).write_bytes(LINES[0])
    assert len(opened.read(opened.shards[0])) == 1
    with pytest.raises(IndexInvalid, match=r"000001\.jsonl: sha256 is [0-9a-f]{12}….*build"):
        opened.read(opened.shards[1])


def test_a_shard_that_is_gone_is_refused(index):
    opened = open_index(str(index), S3)
    (index / opened.shards[1].file).unlink()
    with pytest.raises(IndexInvalid, match=r"000001\.jsonl: no such file.*build the index again"):
        opened.read(opened.shards[1])


def test_a_count_that_is_not_the_shards_is_refused(index):
    change(index, lambda v: (v["shards"][0].update(objects=2), v.update(objects=4)))
    opened = open_index(str(index), S3)
    with pytest.raises(IndexInvalid, match=r"000000\.jsonl: 1 objects, but index\.json says 2"):
        opened.read(opened.shards[0])


def test_a_wrong_line_is_named(index):
    body = LINES[0] + b'\n{"path":"x"}\n'
    shard = shard_of(0, body.replace(b"\n\n", b"\n"))
    shard = msgspec.structs.replace(shard, sha256=hashlib.sha256(body).hexdigest())
    (index / shard.file).write_bytes(body)
    (index / keys.INDEX).write_bytes(manifest.encode((shard,)))
    opened = open_index(str(index), S3)
    good, bad = opened.read(opened.shards[0])
    assert good.file_identifier == "a.glb"
    assert isinstance(bad, BadRecord)
    assert bad.reason.startswith("shards/000000.jsonl:3: field fileIdentifier missing")


def test_an_empty_shard_and_duplicates_say_so(index):
    bodies = (b"", LINES[0] * 3)
    shards = tuple(shard_of(number, body) for number, body in enumerate(bodies))
    for shard, body in zip(shards, bodies, strict=True):
        (index / shard.file).write_bytes(body)
    (index / keys.INDEX).write_bytes(manifest.encode(shards))
    opened = open_index(str(index), S3)
    with capture_logs() as logs:
        assert [len(opened.read(shard)) for shard in opened.shards] == [0, 1]
    assert [(line["event"][:5], line["shard"], line.get("count")) for line in logs] == [
        ("empty", "000000", None), ("dupli", "000001", 2),
    ]  # fmt: skip


def test_a_ranks_own_shards_are_checked_and_read_once(index):
    opened = open_index(str(index), S3)
    (index / opened.shards[1].file).write_bytes(LINES[0])
    mine = checked(opened, [0])
    (index / opened.shards[0].file).unlink()
    assert [ref.file_identifier for ref in mine.read(opened.shards[0])] == ["a.glb"]
    with capture_logs() as logs:
        again = checked(mine, [0, 1])
    (warned,) = logs
    assert "000001.jsonl: sha256 is" in warned["why"]
    assert again.held == mine.held
    with pytest.raises(ShardBroken, match=r"000001\.jsonl: sha256 is"):
        checked(opened, [1])


@pytest.mark.parametrize(
    ("count", "objects"), [(2, CHECKED_OBJECTS + 1), (CHECKED_SHARDS + 2, 0)], ids=["big", "many"]
)
def test_of_shards_too_many_to_read_the_files_are_looked_for(tmp_path, count, objects):
    (tmp_path / keys.SHARDS).mkdir()
    made = [shard_of(0, LINES[0]), *(shard_of(number, b"") for number in range(1, count))]
    shards = tuple(msgspec.structs.replace(each, objects=each.objects or objects) for each in made)
    for shard in shards:
        (tmp_path / shard.file).write_bytes(LINES[0] if shard is shards[0] else b"")
    (tmp_path / keys.INDEX).write_bytes(manifest.encode(shards))
    opened = open_index(str(tmp_path), S3)
    last = tmp_path / shards[-1].file
    last.write_bytes(b"garbage")
    assert shards[-1].name not in checked(opened, range(count)).held
    last.unlink()
    with capture_logs() as logs:
        checked(opened, range(count))
    whys = [line["why"] for line in logs if "why" in line]
    assert len(whys) == 1
    assert re.search(r"jsonl: no such file.*build the index again", whys[0])
    with pytest.raises(ShardBroken, match=r"jsonl: no such file"):
        checked(opened, [count - 1])


@pytest.fixture
def anybodys():
    """A folder that every user may enter, as pytest's own are not."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="render-worker-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_may_be_entered_but_not_listed_will_do(anybodys):
    index = anybodys
    (index / keys.SHARDS).mkdir()
    many = tuple(shard_of(n, LINES[0]) for n in range(3))
    big = tuple(msgspec.structs.replace(each, objects=CHECKED_OBJECTS + 1) for each in many)
    for shard in big[:2]:
        (index / shard.file).write_bytes(LINES[0])
    (index / keys.INDEX).write_bytes(manifest.encode(big))
    opened = open_index(str(index), S3)
    shards = (index / big[0].file).parent
    shards.chmod(0o711)
    was = os.geteuid()
    try:
        if was == 0:
            os.seteuid(65534)  # root may list any folder
        else:
            shards.chmod(0o311)
        checked(opened, [0, 1])
        with pytest.raises(ShardBroken, match=r"000002\.jsonl: no such file.*build"):
            checked(opened, [2])
        os.seteuid(was)
        shards.chmod(0o600)
        os.seteuid(65534 if was == 0 else was)
        with pytest.raises(
            ShardBroken, match=r"000000\.jsonl: Permission denied; make.*\(2 shards are"
        ):
            checked(opened, [0, 1])
    finally:
        if was == 0:
            os.seteuid(was)
        shards.chmod(0o755)


def test_ten_million_objects_open_without_their_shards(tmp_path):
    shards = tuple(
        Shard(name=(name := keys.shard_name(n)), file=keys.shard_file(name), objects=500,
              sha256=hashlib.sha256(name.encode()).hexdigest())
        for n in range(20_000)
    )  # fmt: skip
    (tmp_path / keys.INDEX).write_bytes(manifest.encode(shards))
    del shards
    tracemalloc.start()
    try:
        opened = open_index(str(tmp_path), S3)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert opened.objects == 10_000_000
    assert peak < 60 << 20
