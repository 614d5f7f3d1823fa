"""The catalogue opens everywhere and says what the zips and the ledger say."""

import json
import zipfile

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from tests.integration.export import harm, scenes
from worker.core import keys


def test_three_libraries_read_the_same(export, views):
    to = export("parquet", views)
    path = str(to / "catalogue-000000.parquet")
    frame = pd.read_parquet(path)
    assert len(frame) == 4
    assert sorted(frame["uid"]) == pl.read_parquet(path)["uid"].sort().to_list()
    query = f"select outcome, count(*), sum(zip_size) from '{path}' group by 1 order by 1"
    size = sum(file.stat().st_size for file in views.glob("renders/*.zip"))
    assert duckdb.sql(query).fetchall() == [("failed", 1, None), ("rendered", 3, size)]


def test_rows(export, views):
    to = export("parquet", views)
    rows = {row["uid"]: row for row in pq.read_table(to / "catalogue-000000.parquet").to_pylist()}
    row = rows[scenes.uids(1)[0]]
    line = scenes.outcomes(views)["https://example.org/0.glb"]
    expected = {
        "file_identifier": "https://example.org/0.glb", "source": "github", "license": "CC0-1.0",
        "sha256": "ab" * 32, "file_size": 1234, "outcome": "rendered", "code": None,
        "zip": keys.render_zip(row["uid"]), "zip_sha256": line["sha256"], "zip_size": line["size"],
        "preset": "test", "views": 10, "width": 64, "height": 64, "poly_count": 6,
        "images": ["colour", "depth", "mask"], "bbox_min": [-0.5] * 3, "bbox_max": [0.5] * 3,
        "missing_texture_count": 0,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert json.loads(row["metadata"]) == {"author": "someone"}
    bad = rows[keys.uid_of("https://example.org/bad-0.glb")]
    assert (bad["outcome"], bad["code"], bad["message"]) == ("failed", "import", "no mesh in it")
    assert (bad["source"], bad["license"]) == ("github", "CC0-1.0")
    assert bad["zip"] is bad["views"] is bad["bbox_min"] is None


@pytest.mark.parametrize(("keep", "code"), [(None, "missing"), (1000, "modified"), (0, "modified")])
def test_an_object_has_a_row_whatever_became_of_its_zip(export, own, keep, code):
    path = harm.zip_of(own, 1)
    if keep is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:keep])
    to = export("parquet", own)
    rows = {row["uid"]: row for row in pq.read_table(to / "catalogue-000000.parquet").to_pylist()}
    assert len(rows) == 4
    row, whole = rows.pop(path.stem), rows[scenes.uids(1)[0]]
    told = {
        "uid", "file_identifier", "source", "license", "shard", "outcome", "code", "message",
    }  # fmt: skip
    assert {name for name, value in row.items() if value is not None} == told
    assert (row["file_identifier"], row["outcome"], row["code"]) == (
        harm.identifier(1), "rendered", code,
    )  # fmt: skip
    assert path.name in row["message"]
    assert whole["zip_size"] == harm.zip_of(own, 0).stat().st_size
    line = scenes.outcomes(to)[harm.identifier(1)]
    assert (line["outcome"], line["code"], line["message"]) == ("failed", code, row["message"])


def test_a_catalogue_of_damaged_zips_only(export, own):
    for number in range(3):
        harm.zip_of(own, number).unlink()
    to = export("parquet", own, max_failure_rate=1.0)
    assert pq.read_metadata(to / "catalogue-000000.parquet").num_rows == 4


def test_files_of_a_bounded_number_of_rows(export, views):
    to = export("parquet", views, options={"group_objects": 3})
    counts = [pq.read_metadata(path).num_rows for path in sorted(to.glob("*.parquet"))]
    assert counts == [3, 1]


def test_the_statistics_are_those_of_the_zip(export, views):
    to = export("parquet", views)
    rows = {row["uid"]: row for row in pq.read_table(to / "catalogue-000000.parquet").to_pylist()}
    uid = scenes.uids(1)[0]
    with zipfile.ZipFile(views / keys.render_zip(uid)) as zipped:
        document = json.loads(zipped.read(keys.member(uid, keys.METADATA)))
    told = document["render_worker"]["statistics"]
    for name, value in told["object"].items():
        assert rows[uid][name] == value
        line = scenes.outcomes(views)["https://example.org/0.glb"]
        assert line.get(name, value) == value
    for name in ("coverage", "touches_border", "brightness_mean", "phash", "clipped", "black"):
        assert rows[uid][f"view_{name}"] == [view[name] for view in told["views"].values()]
    assert rows[keys.uid_of("https://example.org/bad-0.glb")]["view_phash"] is None
