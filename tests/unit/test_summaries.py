"""Summaries of ledger parts: the status from them is that from the lines, to the last digit."""

import shutil
from contextlib import suppress
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tools.reading_store import ReadingStore
from tests.unit.test_ledger import NEVER_S, RANK, rendered
from worker.core import keys
from worker.core.errors import OBJECT_ERRORS, StoreError
from worker.export.source import Source
from worker.index.record import ObjectRef
from worker.ledger import LedgerWriter, Outcome, StatusLine, listing, parts_of, summaries
from worker.ledger.summaries import read_summaries
from worker.ledger.summary import ShardSummary, sizes_in, summary_of
from worker.report.status import EXPORTS, RENDERS, status_of, to_dict
from worker.stores import open_store
from worker.stores.folder import FolderStore

SHARDS = ("000000", "000001", "000002")
seconds = st.floats(0, 1000, allow_nan=False)
shares = st.none() | st.sampled_from([0.0, 0.25, 1.0]) | st.floats(0, 1)
messages = st.sampled_from([None, "", "no mesh", "no mesh in 12", "cannot read /a/1.glb: é\u2028"])


@st.composite
def outcomes(draw):
    """A line of few objects, so that attempts repeat and shards share objects."""
    number = draw(st.integers(0, 11))
    ref = ObjectRef(file_identifier=f"https://host.test/{number % 7}/object-{number}.glb")
    kind = draw(st.sampled_from(["rendered", "rendered", "failed", "new", "exported"]))
    minute, ms = draw(st.integers(0, 59)), draw(st.integers(0, 3))
    common = {
        "uid": draw(st.sampled_from([ref.uid, ref.uid, ref.uid, f"no uid {number} \ud7ff"])),
        "file_identifier": ref.file_identifier, "shard": draw(st.sampled_from(SHARDS)),
        "outcome": kind, "time": f"2026-01-01T0{minute % 3}:{minute:02}:00.00{ms}Z",
        "listed": draw(st.booleans()),
        "seconds": draw(st.dictionaries(st.sampled_from(["fetch", "render", "pack"]), seconds)),
        "device": draw(st.sampled_from(["", "cpu", "optix"])),
        "children_per_device": draw(st.integers(1, 3)),
    }  # fmt: skip
    if kind == "failed":
        code = draw(st.sampled_from([None, "of a later version", *OBJECT_ERRORS]))
        return Outcome(**common, code=code, message=draw(messages))
    counts = st.integers(0, 2)
    return Outcome(
        **common, missing=draw(counts), undecodable=draw(counts), coverage_min=draw(shares),
        missing_textures=draw(st.none() | counts), blank_views=draw(st.none() | counts),
        border_views=draw(counts), phash=draw(st.sampled_from([None, "x", "0" * 16, "f" * 16])),
    )  # fmt: skip


class Dying(FolderStore):
    """A folder that fails for good after some writes, as a killed writer ends."""

    left = 1000

    def create(self, key, body):
        self.left -= 1
        if self.left < 0:
            raise StoreError("killed")
        return super().create(key, body)


runs = st.lists(
    st.tuples(st.lists(outcomes(), max_size=30), st.integers(1, 9), st.integers(0, 30)),
    min_size=1, max_size=4,
)  # fmt: skip


@pytest.fixture
def every(monkeypatch):
    monkeypatch.setattr(summaries, "LEAST_LINES", 1)


def write(root: Path, lines: list[Outcome], flush_count: int, writes: int) -> None:
    """A run that is killed after some writes, or not at all."""
    store = Dying(root)
    writer = LedgerWriter(store, RANK, "4.5.3", "cpu", flush_count=flush_count, flush_s=NEVER_S)
    store.left = writes if writes < 25 else 1000
    with suppress(StoreError), writer:
        for line in lines:
            writer.add(line)
        writer.close(attempts=1)


def described(store, kinds):
    return to_dict(status_of(store, {"000000": 9, "000001": 2}, kinds=kinds))


@pytest.mark.usefixtures("every")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(runs, st.sampled_from([RENDERS, EXPORTS]), st.randoms())
def test_status_from_summaries_is_that_from_lines(runs, kinds, random):
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for run in runs:
            write(root, *run)
        store = open_store(folder)
        found = described(store, kinds)
        stored = [entry.key for entry in store.list(keys.SUMMARIES)]
        for key in stored:
            if random.random() < 0.5:
                (root / key).unlink()
        assert described(store, kinds) == found
        shutil.rmtree(root / keys.SUMMARIES, ignore_errors=True)
        assert described(store, kinds) == found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(outcomes(), max_size=20), max_size=4))
def test_a_summary_is_the_same_written_and_read_and_part_by_part(parts):
    lines = [
        [msgspec.json.decode(msgspec.json.encode(line), type=StatusLine) for line in part]
        for part in parts
    ]
    made = summary_of(lines)
    assert msgspec.json.decode(msgspec.json.encode(made), type=ShardSummary) == made
    assert summary_of([[*chain.from_iterable(lines)]]) == made


@pytest.fixture
def output(tmp_path, every):
    """One shard of 60 lines, begun by a killed worker, and the key of the summary."""
    store = open_store(str(tmp_path))
    killed = LedgerWriter(store, RANK, "4.5.3", "cpu", flush_count=10, flush_s=NEVER_S)
    for number in range(25):
        killed.add(rendered(number, killed))
    assert not list(store.list(keys.SUMMARIES))
    with LedgerWriter(store, RANK, "4.5.3", "cpu", flush_count=30, flush_s=NEVER_S) as writer:
        for number in range(20, 60):
            writer.add(rendered(number, writer))
    (key,) = [entry.key for entry in store.list(keys.SUMMARIES)]
    return tmp_path, key


def test_one_summary_is_read_in_place_of_all_lines(output):
    root, key = output
    store = ReadingStore(root)
    ((shard, summary),) = read_summaries(store)
    assert shard == "000000"
    assert summary.outcomes == {"rendered": 60}
    assert store.reads == [key]
    named = msgspec.json.decode(store.read(key).splitlines()[1])["parts"]
    assert list(named) == parts_of(store, "000000")
    assert list(named.values()) == [(root / part).stat().st_size for part in named]
    assert len(named) == 3


@pytest.mark.parametrize(
    "harm",
    [
        lambda _: b"",
        lambda body: body[:-9],
        lambda body: body.replace(b'"rendered":60', b'"rendered":61'),
        lambda body: body.replace(b"0", b"1", 1),
        lambda body: _changed(body, format=1),
        lambda body: _changed(body, parts={}),
        lambda body: _changed(body, parts={"ledger/000000/another-000000-to-000001.jsonl": 7}),
        lambda body: _changed(body, summary={"outcomes": 5}),
        lambda body: _changed(body, summary={"outcomes": {}, "new": "no base64"}),
        lambda body: _changed(body, summary={"outcomes": {}, "zips": "AAAA"}),
        lambda body: _changed(body, summary={"outcomes": {}, "others": "AAAA"}),
        lambda _: b"\xff" * 100,
    ],
)
def test_a_summary_that_is_damaged_or_another_part_s_is_not_used(output, harm):
    root, key = output
    ((_, summary),) = read_summaries(open_store(str(root)))
    body = (root / key).read_bytes()
    assert harm(body) != body
    (root / key).write_bytes(harm(body))
    store = ReadingStore(root)
    assert list(read_summaries(store)) == [("000000", summary)]
    assert store.reads == [key, *parts_of(store, "000000")]


def _changed(body, **values):
    whole = msgspec.json.decode(body.split(b"\n")[1]) | values
    text = msgspec.json.encode(whole)
    return summaries.sha256_of(text).encode() + b"\n" + text + b"\n"


def test_lines_of_a_later_writer_are_in_a_new_summary(output):
    root, key = output
    with LedgerWriter(FolderStore(root), RANK, "4.5.3", "cpu") as writer:
        for number in (1, 1000):
            writer.add(rendered(number, writer))
    assert len([entry.key for entry in FolderStore(root).list(keys.SUMMARIES)]) == 2
    store = ReadingStore(root)
    ((_, summary),) = read_summaries(store)
    assert summary.outcomes == {"rendered": 61}
    (read,) = store.reads
    assert read.startswith(keys.SUMMARIES)
    assert read != key


def test_lines_of_a_later_writer_that_was_killed_are_counted_too(output):
    root, _ = output
    killed = LedgerWriter(FolderStore(root), RANK, "4.5.3", "cpu", flush_count=2, flush_s=NEVER_S)
    for number in (1, 1000):
        killed.add(rendered(number, killed))
    store = ReadingStore(root)
    ((_, summary),) = read_summaries(store)
    assert summary.outcomes == {"rendered": 61}
    assert store.reads == parts_of(store, "000000")


@pytest.mark.parametrize("bound", ["MOST_PARTS", "MOST_BYTES"])
def test_too_many_parts_of_others_are_left_to_the_reader(output, bound, monkeypatch):
    root, _ = output
    monkeypatch.setattr(summaries, bound, 2)
    store = ReadingStore(root)
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        writer.add(rendered(1000, writer))
    assert store.reads == []
    ((_, summary),) = read_summaries(store)
    assert summary.outcomes == {"rendered": 61}
    assert store.reads == parts_of(store, "000000")


@pytest.mark.parametrize("seen", [b"", None, b"{}\n"])
def test_a_part_that_cannot_be_read_back_is_not_summarized(output, seen, monkeypatch):
    root, _ = output
    store = FolderStore(root)
    (other, *_) = parts_of(store, "000000")
    read = store.read
    monkeypatch.setattr(store, "read", lambda key: seen if key == other else read(key))
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        writer.add(rendered(1000, writer))
    assert len(list(store.list(keys.SUMMARIES))) == 1


def test_the_sizes_are_those_of_zips_by_uid(tmp_path, every):
    store = open_store(str(tmp_path))
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        lines = [rendered(number, writer) for number in range(5)]
        changes = ({"size": 7}, {"size": None}, {"outcome": "failed"}, {"uid": "../x"}, {})
        for line, change in zip(lines, changes, strict=True):
            writer.add(msgspec.structs.replace(line, **change))
    ((_, summary),) = read_summaries(store)
    known = {
        lines[0].uid: 7, lines[1].uid: 0, lines[2].uid: -1, lines[4].uid: lines[4].size or 0,
    }  # fmt: skip
    assert sizes_in(summary.zips).tolist() == [known[uid] for uid in sorted(known)]


@pytest.mark.parametrize("harm", [b'"size":-5', b'"size":99999999999999999999'])
def test_a_line_of_an_impossible_size_is_a_damaged_one(tmp_path, every, harm):
    """Of another worker; one that finishes the shard summarizes the rest, as exports read it."""
    store = FolderStore(tmp_path)
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        for number in range(2):
            writer.add(rendered(number, writer))
    (part,) = parts_of(store, "000000")
    path, size = tmp_path / part, f'"size":{rendered(0, writer).size}'.encode()
    assert path.read_bytes().count(size) == 2
    path.write_bytes(path.read_bytes().replace(size, harm, 1))
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        writer.add(msgspec.structs.replace(rendered(2, writer), children_per_device=0))
    assert len(list(store.list(keys.SUMMARIES))) == 2
    reading = ReadingStore(tmp_path)
    ((_, summary),) = read_summaries(reading)
    assert all(key.startswith(keys.SUMMARIES) for key in reading.reads)
    assert summary.outcomes == {"rendered": 2}
    ((_, objects),) = Source(store).by_shard(listing(store).parts, every=False)
    assert [found.size for found in objects] == sizes_in(summary.zips).tolist()


@pytest.mark.parametrize(("lines", "found"), [(49, 0), (50, 1)])
def test_few_lines_have_no_summary(tmp_path, lines, found):
    store = open_store(str(tmp_path))
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        for number in range(lines):
            writer.add(rendered(number, writer))
    assert len(list(store.list(keys.SUMMARIES))) == found


def test_a_summary_that_cannot_be_written_loses_nothing(tmp_path, every, monkeypatch):
    store = open_store(str(tmp_path))
    create = store.create

    def refuse(key, body):
        if key.startswith(keys.SUMMARIES):
            raise StoreError("the store is full")
        return create(key, body)

    monkeypatch.setattr(store, "create", refuse)
    with LedgerWriter(store, RANK, "4.5.3", "cpu") as writer:
        writer.add(rendered(0, writer))
    ((_, summary),) = read_summaries(store)
    assert summary.outcomes == {"rendered": 1}
