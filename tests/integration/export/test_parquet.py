"""The catalogue opens everywhere and says what the zips and the ledger say."""

import hashlib
import io
import json
import zipfile

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.command_line import ROOT
from tests.integration.export import harm, scenes
from tests.tools import pythons
from worker.core import keys
from worker.export.parquet import SCHEMA
from worker.export.run import ExportOptions, run


def rows_of(folder):
    table = pq.read_table(folder / "catalogue-000000.parquet")
    return {row["file_identifier"].rpartition("/")[2]: row for row in table.to_pylist()}


def test_files_that_are_missing_or_found_elsewhere_are_counted(export, own):
    harm.unchecked(own)
    lists = {
        "missing_files": ["a.png", "b.png"], "undecodable_files": {"c.png": "truncated"},
        "found_files": {"d.png": "e/d.png", "f.png": "f.PNG", "g.png": "e/g.png"},
    }  # fmt: skip
    harm.rewrite(harm.zip_of(own, 0), harm.in_metadata(lambda about: about.update(lists)))
    empty = {"missing_files": [], "undecodable_files": {}, "found_files": {}}
    harm.rewrite(harm.zip_of(own, 1), harm.in_metadata(lambda about: about.update(empty)))
    rows = rows_of(export("parquet", own))
    names = ("missing_file_count", "undecodable_file_count", "found_file_count")
    counts = {each: [row[name] for name in names] for each, row in rows.items()}
    assert counts == {
        "0.glb": [2, 1, 3], "1.glb": [0, 0, 0], "2.glb": [None] * 3, "bad-0.glb": [None] * 3,
    }  # fmt: skip


def test_near_duplicates_have_a_group(export, own):
    hashes = {"0.glb": "0" * 16, "1.glb": "f" * 16, "2.glb": "0" * 15 + "7"}
    for part in own.glob("ledger/*/*.jsonl"):
        lines = [json.loads(line) for line in part.read_text().splitlines()]
        for line in lines:
            if found := hashes.get(line["file_identifier"].rpartition("/")[2]):
                line["phash"] = found
        part.write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = {"options": {"group_objects": 1}}  # a group is of the data set, not of a file
    ranks = [export("parquet", own, rank=rank, world_size=2, **options) for rank in (0, 1)]
    assert ranks[0] == ranks[1]
    rows = [row for path in ranks[0].glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    groups = {row["uid"]: row["duplicate_group"] for row in rows}
    first, alone, second = scenes.uids(3)
    assert groups[alone] is None
    assert groups[first] == groups[second]
    assert groups[first] in {first, second}
    assert groups[keys.uid_of("https://example.org/bad-0.glb")] is None
    some = export("parquet", own, own.parent / "some", where="name != '0.glb'")
    assert {row["duplicate_group"] for row in rows_of(some).values()} == {None}


def test_the_docs_have_every_column():
    page = (ROOT / "docs" / "datasets.md").read_text()
    section = page.partition("## Catalogue")[2].partition("\n## ")[0]
    table = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    told = [name.strip("`") for cell in table for name in cell.split() if name.strip("`,")]
    told = [name.strip("`,") for name in told]
    assert told == [name for name in SCHEMA.names if not name.startswith("view_")]


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


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """3 objects of 4 views with images of three formats, and one that failed; their rows."""
    folder = tmp_path_factory.mktemp("pictures")
    images = ("colour", "depth", "normal-exr", "mask", "depth-npy")
    out = scenes.output(folder / "out", scenes.recipe(views=4, images=images), failed=1)
    done = run(
        ExportOptions(kind="parquet", input=str(out), to=str(folder / "to"),
                      scratch=folder / "scratch",
                      kind_options={"images": True, "group_objects": 2}), {},
    )  # fmt: skip
    assert done.status == 0
    return out, folder / "to"


def members(out, uid):
    with zipfile.ZipFile(out / keys.render_zip(uid)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def test_rows_of_images(pictures):
    out, to = pictures
    files = sorted(to.glob("*.parquet"))
    assert [path.name for path in files] == ["images-000000.parquet", "images-000001.parquet"]
    rows = [row for path in files for row in pq.read_table(path).to_pylist()]
    assert [row["view"] for row in rows] == ["000", "001", "002", "003"] * 3
    assert {row["uid"] for row in rows} == set(scenes.uids(3))
    assert len(rows) == 12
    for row in rows:
        stored = members(out, row["uid"])
        (view,) = [
            view for view in json.loads(stored["cameras.json"])["views"]
            if view["name"] == row["view"]
        ]  # fmt: skip
        for kind, file in view["files"].items():
            png = file.endswith(".png")
            assert row[kind] == ({"bytes": stored[file], "path": file} if png else stored[file])
        for name in ("K", "camera_to_world", "width", "height", "projection"):
            assert row[name] == view[name]
        assert json.loads(row["facts"]) == view["facts"]
        assert (row["preset"], row["license"]) == ("test", None)


def test_the_datasets_library_shows_the_images(pictures, tmp_path):
    """In an environment of its own: which columns are images is in the schema's metadata."""
    out, to = pictures
    try:
        python = pythons.installed(pythons.find("3.11"), tmp_path / "venv", "datasets", "pillow")
    except pythons.Unavailable as reason:
        pytest.skip(f"NO DATASETS LIBRARY, only the schema's metadata is tested: {reason}")
    program = """
import hashlib, json, sys
from datasets import Image, load_dataset
rows = load_dataset("parquet", data_files=sys.argv[1], split="train", cache_dir=sys.argv[2])
print(json.dumps({
    "images": sorted(name for name, kind in rows.features.items() if isinstance(kind, Image)),
    "rows": [[row["uid"], row["view"], row["colour"].mode, row["depth"].getextrema(),
              hashlib.sha256(row["colour"].tobytes()).hexdigest(), row["K"]] for row in rows],
}))
"""
    done = pythons.run(
        python, "-c", program, to / "images-*.parquet", to / "cache", HF_HUB_OFFLINE="1",
        HF_HOME=str(to / "home"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["images"] == ["colour", "depth", "mask"]
    assert len(found["rows"]) == 12
    for uid, view, mode, extrema, digest, k in found["rows"]:
        stored = members(out, uid)
        with Image.open(io.BytesIO(stored[f"{view}.png"])) as image:
            assert (mode, digest) == ("RGBA", hashlib.sha256(image.tobytes()).hexdigest())
        with Image.open(io.BytesIO(stored[f"{view}_depth.png"])) as image:
            assert tuple(extrema) == image.getextrema()
        assert k == json.loads(stored["cameras.json"])["views"][int(view)]["K"]


def test_the_schema_describes_every_column(pictures):
    _, to = pictures
    schema = pq.read_schema(to / "images-000000.parquet")
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == schema.names
    assert [name for name, told in features.items() if told["_type"] == "Image"] == [
        "colour", "depth", "mask",
    ]  # fmt: skip
    assert features["normal-exr"] == {"dtype": "binary", "_type": "Value"}
    assert features["width"] == {"dtype": "int32", "_type": "Value"}


def test_images_of_damaged_zips_are_left_out(export, own):
    harm.zip_of(own, 1).unlink()
    to = export("parquet", own, options={"images": True})
    rows = pq.read_table(to / "images-000000.parquet", columns=["uid"]).to_pylist()
    assert {row["uid"] for row in rows} == {scenes.uids(3)[0], scenes.uids(3)[2]}
    assert scenes.outcomes(to)[harm.identifier(1)]["code"] == "missing"
    for number in (0, 2):
        harm.zip_of(own, number).unlink()
    empty = export("parquet", own, own.parent / "empty", options={"images": True},
                   max_failure_rate=1.0)  # fmt: skip
    assert pq.read_metadata(empty / "images-000000.parquet").num_rows == 0


def test_a_catalogues_manifest_is_as_before(export, views):
    """So that one that an earlier version began goes on."""
    manifest = json.loads((export("parquet", views) / "export.json").read_text())
    assert manifest["options"] == {"group_objects": 100_000, "group_mb": 1 << 30}
