"""The catalogue opens everywhere and says what the zips and the ledger say."""

import json

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

from tests.integration.export import scenes
from worker import keys


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


def test_files_of_a_bounded_number_of_rows(export, views):
    to = export("parquet", views, options={"group_objects": 3})
    counts = [pq.read_metadata(path).num_rows for path in sorted(to.glob("*.parquet"))]
    assert counts == [3, 1]
