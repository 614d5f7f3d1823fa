"""Estimates from outcomes of a sample: their sums, and that their spread holds what it says."""

import io
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from rich.console import Console

from worker.core.s3 import S3Options
from worker.index.reader import open_index
from worker.index.record import ObjectRef
from worker.index.sample import as_list, drawn
from worker.ledger import Outcome
from worker.report.estimate import estimated
from worker.report.estimate_page import render

START = datetime(2026, 1, 1, tzinfo=UTC)


def outcomes(costs, size=1000, **more):
    """Objects rendered one after the other."""
    end, made = START, []
    for number, cost in enumerate(costs):
        end += timedelta(seconds=float(cost))
        ref = ObjectRef(file_identifier=f"object-{number}")
        told = {"outcome": "rendered", "device": "cpu", **more}
        made.append(Outcome(uid=ref.uid, file_identifier=ref.file_identifier, shard="000000",
                            time=end.isoformat(), seconds={"fetch": 0.0, "render": float(cost)},
                            size=size, **told))  # fmt: skip
    return made


def of(costs, objects, **more):
    given = {"shards": 1, "wall_s": sum(costs) + 5.0, "output": None}
    return estimated(outcomes(costs, **more), objects=objects, **given)


def test_equal_objects_have_no_spread():
    found = of([2.0] * 20, 1000)
    assert (found.objects, found.sample, found.failed) == (1000, 20, {})
    for each in (found.hours, found.device_hours):
        assert (each.mean, each.low, each.high) == pytest.approx([2000 / 3600] * 3)
    assert found.objects_per_hour.mean == pytest.approx(1800)
    assert (found.bytes.mean, found.bytes.low) == (1_000_000, 1_000_000)
    assert found.start_s == pytest.approx(5.0)


def test_the_whole_list_as_its_own_sample_is_exact():
    costs = [1.0, 5.0, 0.5, 20.0]
    found = of(costs, 4)
    assert found.hours.low == found.hours.high == pytest.approx(sum(costs) / 3600)


def test_children_that_share_a_device_count_by_their_share():
    found = of([2.0] * 10, 100, device="optix", children_per_device=2)
    assert found.device_hours.mean == pytest.approx(100 / 3600)
    assert "GPU-hours" in shown(found)


@pytest.mark.parametrize("count", [5, 25, 30, 50, 60])
def test_the_wait_for_the_last_objects_of_a_sample_is_not_a_run_s(count):
    """25 children that take 10 s for each object; the last may have none."""
    lines = outcomes([10.0] * count, children_per_device=25)
    waves = -(-count // 25)
    for number, line in enumerate(lines):
        end = START + timedelta(seconds=10.0 * (1 + number // 25))
        lines[number] = msgspec.structs.replace(line, time=end.isoformat())
    given = {"shards": 1, "wall_s": 10.0 * waves + 5.0, "output": None}
    found = estimated(lines, objects=10_000, **given)
    assert found.seconds_per_object.mean == pytest.approx(10.0 / 25)
    assert found.start_s == pytest.approx(5.0)
    alone = estimated(lines, objects=count, **given)  # the run was the sample
    assert alone.hours.mean == pytest.approx(10.0 * waves / 3600)


def test_children_that_wait_for_downloads_all_the_time_are_counted():
    lines = outcomes([1.0] * 20, children_per_device=4)
    for number, line in enumerate(lines):
        end = START + timedelta(seconds=10.0 * (1 + number))
        lines[number] = msgspec.structs.replace(line, time=end.isoformat())
    found = estimated(lines, objects=1000, shards=1, wall_s=300.0, output=None)
    assert found.seconds_per_object.mean == pytest.approx(10.0, rel=0.06)


def test_failures_cost_time_but_no_bytes():
    lines = outcomes([1.0] * 4)
    lines[3] = outcomes([1.0] * 4, size=None, code="crash", outcome="failed")[3]
    found = estimated(lines, objects=400, shards=2, wall_s=9.0, output="out")
    assert found.failed == {"crash": 1}
    assert found.bytes.mean == pytest.approx(300_000)
    # Each zip is created and verified; two shards are read, ledgers and notes listed.
    assert found.requests == pytest.approx(2 * 300 + 6 * 2 + 400 / 16 + 10, abs=10)
    text = shown(found)
    assert "1 of them failed (1 crash)" in text
    assert "their zips are in out" in text


def shown(found):
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(render(found))
    return console.export_text()


def test_the_spread_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(7)
    costs = rng.lognormal(0.0, 0.8, 5000)  # a few objects take many times the usual time
    truth = costs.sum() / 3600
    held = 0
    for _ in range(200):
        found = of(costs[rng.choice(5000, 50, replace=False)].tolist(), 5000)
        held += found.hours.low <= truth <= found.hours.high
    assert 0.78 <= held / 200 <= 0.95  # 90 %, a little less for a skewed cost


def test_a_sample_is_the_same_every_time_and_of_the_whole_list(tmp_path):
    names = [f"model-{number:04d}.glb" for number in range(1000)]
    listed = tmp_path / "models.txt"
    listed.write_text("\n".join(names))
    index = open_index(str(listed), S3Options())
    first = list(drawn(index, 50))
    assert first == list(drawn(index, 50))
    assert len({ref.uid for _, ref in first}) == 50
    places = [names.index(ref.file_identifier) for _, ref in first]
    assert places == sorted(places)
    assert places[0] < 200
    assert places[-1] > 800
    shard = index.shards[0]
    assert list(drawn(index, 5000)) == [(shard.name, ref) for ref in index.read(shard)]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "sample.jsonl").write_bytes(as_list([ref for _, ref in first]))
    again = open_index(str(elsewhere / "sample.jsonl"), S3Options())
    assert list(again.read(again.shards[0])) == [ref for _, ref in first]


@pytest.mark.parametrize("count", [2, 4, 8])
def test_of_few_objects_too(count):
    rng = np.random.default_rng(7)
    costs = rng.lognormal(0.0, 0.8, 5000)
    truth = costs.sum() / 3600
    held = 0
    for _ in range(200):
        found = of(costs[rng.choice(5000, count, replace=False)].tolist(), 5000)
        held += found.hours.low <= truth <= found.hours.high
    assert held / 200 >= 0.82


def test_one_object_tells_nothing_of_the_spread():
    found = of([2.0], 1000)
    assert found.hours.mean == pytest.approx(2000 / 3600)
    for each in (found.hours, found.objects_per_hour, found.bytes, found.device_hours):
        assert each.low is each.high is None
    text = shown(found)
    assert "not known" in text
    assert "one object does not show the spread: --sample 2 or more does" in text
    assert "from 1 object on cpu" in text
    alone = of([2.0], 1)  # the list itself
    assert alone.hours.low == alone.hours.high == alone.hours.mean
    assert "spread" not in shown(alone)
    assert "2 s │" in shown(alone)
