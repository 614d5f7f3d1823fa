"""docs/costs.md is what the bench's rows and the assumed prices give."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.result import Result, read
from tools import cost_page

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/costs.md").read_text()


def test_the_page_is_current():
    assert cost_page.page() == PAGE, "python -m tools.cost_page > docs/costs.md"


def test_its_numbers_are_those_of_the_measured_rows():
    rows = {row["what"]: row["measured"] for each in json.loads(
        (ROOT / "bench/results.json").read_text()).values() for row in each["rows"]}  # fmt: skip
    seconds = float(rows["512x512, 64 samples"].split("(")[1].split()[0])
    requests = float(rows["store requests per object"].split()[0])
    section = PAGE.partition("## 512x512, 64 samples")[2]
    table = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| 1"]
    number = [[float(cell.strip("$").replace(",", "")) for cell in row] for row in table]
    for objects, (count, hours, asked, computing, requesting, storage) in zip(
        (10**4, 10**6, 10**7), number, strict=True
    ):
        assert count == objects
        assert hours == pytest.approx(objects * seconds / 3600, rel=0.01)
        assert asked == pytest.approx(objects * requests)
        assert computing == pytest.approx(hours * 2 * 0.05, rel=0.01)
        puts = objects * (requests - 1)
        assert requesting == pytest.approx(
            puts / 1000 * 0.005 + objects / 1000 * 0.0004, rel=0.1, abs=0.01
        )
        assert storage == pytest.approx(objects * 1.1e6 / 1e9 * 0.023, rel=0.05, abs=0.01)


def test_the_size_is_that_of_the_page_on_sizes():
    assert f"{cost_page.MB} MB on average" in (ROOT / "docs/sizing.md").read_text()


def test_a_row_that_was_not_measured_is_named():
    results: dict[str, Result] = {}
    with pytest.raises(LookupError, match="run 'python -m bench share'"):
        cost_page.seconds_of(results, "share", "128x128, 16 samples")
    with pytest.raises(LookupError, match="no seconds per object"):
        cost_page.seconds_of(read(), *cost_page.REQUESTS)
