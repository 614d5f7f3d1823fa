"""Parquet annotations, as Objaverse-XL publishes them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from worker.core.errors import IndexInvalid
from worker.core.s3 import S3Options
from worker.index import bounded_reads
from worker.index.reader import open_index

S3 = S3Options()
BLOB = "https://github.com/o/r/blob/" + "c" * 40 + "/a.obj"


def test_annotations(tmp_path):
    rows = [
        {"fileIdentifier": BLOB, "source": "github", "license": None, "fileType": "obj",
         "sha256": "AB" * 32, "metadata": "{}", "path": None, "stars": 3},
        {"fileIdentifier": "b", "source": None, "license": "MIT", "fileType": None,
         "sha256": None, "metadata": None, "path": "sub/b.glb", "stars": 4},
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "xl.parquet", row_group_size=1)
    index = open_index(str(tmp_path / "xl.parquet"), S3)
    one, two = index.read(index.shards[0])
    assert (one.location, one.source, one.sha256) == (BLOB, "github", "ab" * 32)
    assert (one.license, one.file_type, one.metadata) == (None, "obj", "{}")
    assert (two.location, two.source) == (str(tmp_path / "sub/b.glb"), "")
    assert (two.license, two.file_type, two.metadata, two.sha256) == ("MIT", None, None, None)


def test_metadata_may_be_a_struct(tmp_path):
    table = pa.table({"fileIdentifier": ["a.glb"], "metadata": [{"stars": 3}]})
    pq.write_table(table, tmp_path / "m.parquet")
    index = open_index(str(tmp_path / "m.parquet"), S3)
    assert index.read(index.shards[0])[0].metadata == {"stars": 3}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"name": ["a"]}, r"x\.parquet: no column fileIdentifier \(it has name\)"),
        ({"fileIdentifier": ["a", None]}, r"x\.parquet: row 2: field fileIdentifier missing"),
        ({"fileIdentifier": [1]}, r"x\.parquet: row 1: field fileIdentifier: int, not str"),
        ({"fileIdentifier": pa.array([], pa.string())}, r"x\.parquet: contains no objects"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, table, message):
    pq.write_table(pa.table(table), tmp_path / "x.parquet")
    with pytest.raises(IndexInvalid, match=message):
        open_index(str(tmp_path / "x.parquet"), S3)


@pytest.mark.parametrize("keep", [0, 4, 100])
def test_a_file_cut_off_is_refused(tmp_path, keep):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"fileIdentifier": ["a"]}), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(IndexInvalid, match=r"x\.parquet: not a complete Parquet file"):
        open_index(str(path), S3)


def test_a_long_value_that_a_dictionary_repeats(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_reads, "LARGEST_FILE", 10_000_000)
    path = tmp_path / "m.parquet"
    for rows in (5, 2000):
        names = [f"{n}.glb" for n in range(rows)]
        table = pa.table({"fileIdentifier": names, "license": ["x" * 10_000] * rows})
        pq.write_table(table, path, compression="zstd")
        assert path.stat().st_size < 100_000
        if rows == 5:
            assert open_index(str(path), S3).objects == rows
        else:
            with pytest.raises(IndexInvalid, match=r"m\.parquet: [\d,]+ bytes after row 0"):
                open_index(str(path), S3)
