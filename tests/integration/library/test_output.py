"""Outputs are opened wherever they lie, and their objects found by number, name and property."""

import json
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from render_worker import PlaceError, UnknownObject, open_output
from tests.integration.export import scenes
from tests.integration.library import files
from tests.integration.library.aws import CREDENTIALS, ENDPOINT
from worker.core import keys


def everything(output):
    """All that can be read of an output, to compare."""
    return [
        (found.uid, found.identifier, [
            (view.name, view.K.tolist(), view.colour.sum(), np.isfinite(view.depth).sum())
            for view in found.views
        ])
        for found in output
    ]  # fmt: skip


def test_an_output_in_a_folder(made):
    output = open_output(made)
    uids = [found.uid for found in output]
    assert len(output) == len(uids) == 3
    shards = [found.outcome.shard for found in output]
    assert shards == sorted(shards)
    assert set(uids) == set(scenes.uids(3))
    lines = scenes.outcomes(made)
    for found in output:
        line = lines[found.identifier]
        assert found.outcome.facts == line
        assert found.outcome.size == files.zip_of(made, found.uid).stat().st_size
        assert found.outcome.coverage_min == line["coverage_min"]
        assert found.outcome.sha256 == line["sha256"]
        assert (found.outcome.outcome, found.outcome.views) == ("rendered", 8)
        assert (found.preset, found.license, found.source) == ("test", "CC0-1.0", "github")
        assert found.metadata["metadata"] == {"author": "someone"}
        np.testing.assert_array_equal(found.bbox, [[-0.5] * 3, [0.5] * 3])
    (failed,) = output.failures
    assert (failed.identifier, failed.code, failed.message) == (
        "https://example.org/bad-0.glb", "import", "no mesh in it",
    )  # fmt: skip
    assert output.job["preset_name"] == "test"


def test_a_str_and_a_path_in_the_home_folder_are_the_same(made, monkeypatch):
    monkeypatch.setenv("HOME", str(made.parent))
    assert everything(open_output("~/out")) == everything(open_output(str(made)))


def test_nothing_is_opened_before_it_is_asked_for(made, tmp_path):
    own = shutil.copytree(made, tmp_path / "own")
    shutil.rmtree(own / "renders")
    output = open_output(own)
    assert len([found.identifier for found in output]) == 3
    with pytest.raises(PlaceError, match="No such file"):
        _ = output[0].views


def test_a_list_of_objects_holds_no_file_open(made):
    before = len(list(Path("/proc/self/fd").iterdir()))
    held = [found for found in open_output(made) if found.views[0].colour.any()]
    assert len(held) == 3
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_ledger_is_read_shard_by_shard(made, tmp_path):
    own = shutil.copytree(made, tmp_path / "own")
    output = open_output(own)
    objects = iter(output)
    first = next(objects)
    shutil.rmtree(own / "ledger" / "000001")
    assert first.outcome.shard == "000000"
    with pytest.raises(PlaceError, match="was removed"):
        list(objects)


def test_the_last_outcome_counts_and_a_damaged_line_does_not(made, tmp_path):
    own = shutil.copytree(made, tmp_path / "own")
    line = scenes.outcomes(made)["https://example.org/0.glb"]
    later = {**line, "outcome": "failed", "code": "crash", "time": "2999-01-01T00:00:00.000Z"}
    retried = {**scenes.outcomes(made)["https://example.org/bad-0.glb"], "code": "timeout",
               "time": "2999-01-01T00:00:00.000Z"}  # fmt: skip
    path = own / "ledger" / "000000" / "r9-000000.jsonl"
    bad = ['{"uid": "../../etc", "outcome": "rendered"', "[]", json.dumps({**line, "uid": "../x"})]
    path.write_text("\n".join([json.dumps(later), *bad, json.dumps(retried)]) + "\n")
    output = open_output(own)
    assert len(output) == 3
    assert [failure.code for failure in output.failures] == ["timeout"]


def test_a_joined_part_is_read_in_place_of_those_that_it_names(made, tmp_path):
    own = shutil.copytree(made, tmp_path / "own")
    (part,) = (own / "ledger" / "000000").iterdir()
    writer = part.name.rpartition("-")[0]
    first, rest = part.read_bytes().split(b"\n", 1)
    expected = [found.uid for found in open_output(own)]
    (part.parent / f"{writer}-000000-to-000001.jsonl").write_bytes(part.read_bytes())
    # Were they read, the object of the first line would have failed, later than it was rendered.
    later = {**json.loads(first), "time": "2999-01-01T00:00:00.000Z"}
    part.write_text(json.dumps({**later, "outcome": "failed"}) + "\n")
    (part.parent / f"{writer}-000001.jsonl").write_bytes(rest)
    output = open_output(own)
    assert [found.uid for found in output] == expected
    assert not [each for each in output.outcomes() if each.time == later["time"]]
    (part.parent / f"{writer}-000002.jsonl").write_text(json.dumps({**later, "views": 99}) + "\n")
    assert [each.views for each in open_output(own).outcomes() if each.time == later["time"]] == [
        99
    ]


def test_zips_without_a_ledger(made, tmp_path):
    (tmp_path / "zips").mkdir()
    for path in made.glob("renders/*.zip"):
        shutil.copy(path, tmp_path / "zips")
    (tmp_path / "zips" / "other.zip").write_bytes(b"")
    renders = shutil.copytree(made, tmp_path / "own", ignore=shutil.ignore_patterns("ledger"))
    expected = sorted(everything(open_output(made)))
    for folder in (tmp_path / "zips", renders):
        output = open_output(folder)
        assert everything(output) == expected
        assert all(found.outcome is None for found in output)
        assert output["https://example.org/1.glb"].identifier == "https://example.org/1.glb"
        assert output.failures == []


def test_one_zip(made):
    uid = keys.uid_of("https://example.org/1.glb")
    output = open_output(files.zip_of(made, uid))
    (found,) = output
    assert (found.uid, found.name, len(output)) == (uid, "1.glb", 1)
    assert everything(output) == everything(open_output(made).filter(lambda it: it.uid == uid))


@pytest.mark.parametrize("whole", [1 << 24, 1000])
def test_s3(made, bucket, server, upload, monkeypatch, whole):
    """A small zip is fetched whole, of a large one what is asked for."""
    monkeypatch.setattr("render_worker.s3.WHOLE", whole)
    upload(made, "some/prefix/")
    place = f"s3://{bucket[1]}/some/prefix"
    expected = everything(open_output(made))
    given = open_output(place, endpoint_url=server, region="us-east-1", addressing_style="path")
    assert everything(given) == expected
    assert everything(pickle.loads(pickle.dumps(given))) == expected
    monkeypatch.setenv(ENDPOINT, server)
    assert everything(open_output(f"{place}/")) == expected
    bucket[0].delete_object(Bucket=bucket[1], Key=f"some/prefix/renders/{given[0].uid}.zip")
    with pytest.raises(PlaceError, match=r"renders/.*zip does not exist"):
        _ = given[0].views


def test_an_output_at_the_root_of_a_bucket_in_pages(made, bucket, server, upload, monkeypatch):
    upload(made, "")
    monkeypatch.setenv(ENDPOINT, server)
    client, name = bucket
    with ThreadPoolExecutor(10) as threads:  # a real server takes 50 ms each
        for put in [
            threads.submit(
                client.put_object, Bucket=name, Key=f"ledger/000002/r{number}.jsonl", Body=b""
            )
            for number in range(1100)
        ]:
            put.result()
    assert everything(open_output(f"s3://{name}")) == everything(open_output(made))


def test_by_uid_identifier_and_name(made):
    output = open_output(made)
    uid = keys.uid_of("https://example.org/2.glb")
    for name in (uid, "https://example.org/2.glb", "2.glb", "2"):
        assert output[name].uid == uid
        assert name in output
    assert output[output[0].uid].uid == output[0].uid == output[-3].uid
    assert output[0] in output
    assert "3.glb" not in output
    assert 3 not in output
    for wrong in ("3.glb", "https://example.org/bad-0.glb"):
        with pytest.raises(UnknownObject, match=wrong):
            output[wrong]
    with pytest.raises(KeyError):
        output[""]
    with pytest.raises(IndexError):
        output[3]


def test_a_name_that_two_objects_have(tmp_path):
    out = scenes.output(tmp_path / "out", scenes.recipe(views=1), objects=2)
    (part,) = out.glob("ledger/000001/*.jsonl")
    line = json.loads(part.read_text())
    line["file_identifier"] = "elsewhere/0.glb"
    part.write_text(json.dumps(line) + "\n")
    with pytest.raises(UnknownObject, match=r"2 objects are named '0\.glb'"):
        open_output(out)["0.glb"]


def test_slices_and_filters(made):
    output = open_output(made)
    uids = [found.uid for found in output]
    assert [found.uid for found in output[1:]] == uids[1:]
    assert [found.uid for found in output[::-1]] == uids[::-1]
    asked = []

    def keep(found):
        asked.append(found.uid)
        return found.outcome.coverage_min > 0 and found.uid != uids[1]

    chosen = output.filter(keep)
    assert asked == []
    assert [found.uid for found in chosen] == [uids[0], uids[2]]
    assert len(chosen) == len(chosen[:5]) == 2
    assert chosen[uids[2]].uid == uids[2]
    assert uids[1] not in chosen
    assert len(chosen.filter(lambda found: found.uid == uids[2])) == 1


def test_a_data_frame(made):
    output = open_output(made)
    frame = output.to_dataframe()
    assert list(frame.index) == [found.uid for found in output]
    assert list(frame["file_identifier"]) == [found.identifier for found in output]
    assert (frame["coverage_min"] == [found.outcome.coverage_min for found in output]).all()
    more = output.to_dataframe(metadata=True)
    assert (more["poly_count"] == 6).all()
    assert set(more["license"]) == {"CC0-1.0"}
    assert len(output.filter(lambda _: False).to_dataframe()) == 0


def test_places_that_hold_no_output(tmp_path, bucket, server, monkeypatch):
    monkeypatch.setenv(ENDPOINT, server)
    with pytest.raises(PlaceError, match="does not exist"):
        open_output(tmp_path / "nothing")
    with pytest.raises(PlaceError, match=r"holds no output of render-worker"):
        open_output(tmp_path)
    with pytest.raises(PlaceError, match=r"holds no output of render-worker"):
        open_output(f"s3://{bucket[1]}/nothing")
    with pytest.raises(PlaceError, match="does not exist"):
        open_output("s3://no-such-bucket-here/prefix")
    with pytest.raises(PlaceError, match="is not s3://bucket/prefix"):
        open_output("s3://")
    (tmp_path / "job.json").write_text("{")
    with pytest.raises(PlaceError, match="not valid JSON"):
        open_output(tmp_path)
    (tmp_path / "job.json").write_text("{}")
    with pytest.raises(PlaceError, match="no output"):
        open_output(tmp_path)
    (tmp_path / "job.json").write_text('{"format": "render-worker-job"}')
    assert len(open_output(tmp_path)) == 0


def test_a_folder_that_is_no_output_is_not_walked_through(made, tmp_path, upload, bucket, server):
    shutil.copytree(made / "renders", tmp_path / "deep" / "below")
    upload(tmp_path, "")
    for place in (tmp_path, f"s3://{bucket[1]}"):
        with pytest.raises(PlaceError, match="holds no output"):
            open_output(place, endpoint_url=server)
    assert len(open_output(tmp_path / "deep" / "below")) == 3
    assert len(open_output(f"s3://{bucket[1]}/deep/below", endpoint_url=server)) == 3


def test_a_service_that_does_not_answer(nobody, monkeypatch):
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("render_worker.s3.TRIES", 1)
    with pytest.raises(PlaceError, match="cannot read s3://bucket/prefix"):
        open_output("s3://bucket/prefix", endpoint_url=f"http://{nobody}")
