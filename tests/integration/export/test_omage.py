"""The set of object images, read by h5py and pandas as the omages' own trainer does."""

import io
import json
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest

from tests.integration.export import scenes, surfaces
from worker.core import keys
from worker.core.errors import ConfigurationError, RenderFailed, UsageError
from worker.export.category_tables import ABO
from worker.index.record import ObjectRef
from worker.pack.pack import pack


@pytest.fixture(scope="module")
def omages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("omages") / "out"
    return surfaces.output(folder, objects=3, failed=1, metadata={"synset": "02958343"})


def test_the_set_as_its_reader_opens_it(export, omages):
    to = export("omage", omages)
    about = pd.read_json(to / "df_p64_m02_res64_meta.json", orient="index")
    assert about["success"].all()
    assert about["cate_id"].tolist() == [0] * 3
    assert (omages / about.iloc[2]["path"]).is_file()
    with h5py.File(to / "df_p64_m02_res64.h5") as file:
        data = file["omage"][:]
    assert data.shape == (3, 64, 64, 12)
    assert data.dtype == np.uint16
    for number, uid in enumerate(about.index):
        with zipfile.ZipFile(omages / keys.render_zip(uid)) as archive:
            small = archive.read(f"{uid}/omage_tensor_64.npz")
        assert (np.load(io.BytesIO(small))["arr_0"] == data[number]).all()
    omage = data / 65535
    there = omage[..., 3] > 0.5
    radius = np.linalg.norm((omage[there][:, :3] - 0.5) / 0.49, axis=1)
    assert np.median(radius) == pytest.approx(1.0, abs=1e-3)


def test_the_same_bytes_each_time_and_a_second_run_changes_nothing(export, omages, tmp_path):
    one, two = export("omage", omages, tmp_path / "one"), export("omage", omages, tmp_path / "two")
    names = [path.name for path in sorted(one.glob("df_*"))]
    assert len(names) == 2
    before = {name: (one / name).stat().st_mtime_ns for name in names}
    export("omage", omages, one)
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes()
        assert (one / name).stat().st_mtime_ns == before[name]


def test_groups_need_the_categories(export, omages):
    with pytest.raises(UsageError, match="--categories"):
        export("omage", omages, options={"group_objects": 2})
    to = export("omage", omages, options={"group_objects": 2, "categories": "a,02958343"})
    assert [path.name for path in sorted(to.glob("*.h5"))] == [
        "df_p64_m02_res64_000000.h5", "df_p64_m02_res64_000001.h5",
    ]  # fmt: skip
    entries = json.loads((to / "df_p64_m02_res64_000001_meta.json").read_text())
    assert [entry["cate_id"] for entry in entries.values()] == [1]


def test_ids_of_the_readers_own_table(export, tmp_path):
    """A chair of ShapeNet has the id by which its reader finds chairs."""
    for number, (about, wanted) in enumerate(
        [({"synset": "03001627"}, (12, "chair")), ({}, (37, "lamp"))]
    ):
        out = surfaces.output(tmp_path / f"out{number}", objects=1, metadata=about)
        to = export("omage", out, tmp_path / f"to{number}",
                    options={"categories": "abo", "category": "lamp"})  # fmt: skip
        (entry,) = json.loads((to / "df_p64_m02_res64_meta.json").read_text()).values()
        assert (entry["cate_id"], entry["cate_text"]) == wanted


def test_the_readers_own_table():
    assert len(ABO.names) == len(set(ABO.names)) == 63
    assert set(ABO.synsets.values()) <= set(ABO.names)
    # As its reader's own comments and evaluation number them.
    known = {0: "air conditioner", 12: "chair", 37: "lamp", 52: "sofa", 56: "table", 62: "wagon"}
    assert {number: ABO.names[number] for number in known} == known


def test_a_category_that_is_not_listed(export, omages):
    to = export("omage", omages, status=10, options={"categories": "a,b"})
    assert not list(to.glob("df_*"))
    lines = scenes.outcomes(to).values()
    assert all("not one of --categories" in line["message"] for line in lines)


def test_zips_of_another_preset(export, views, omages):
    with pytest.raises(
        ConfigurationError, match=r"needs object images, .*render with preset omage"
    ):
        export("omage", views)
    for kind in ("pointcloud", "nerf", "webdataset"):
        with pytest.raises(ConfigurationError, match=r"needs views, which preset 'omage'"):
            export(kind, omages)


def test_the_catalogue_has_them(export, omages):
    to = export("parquet", omages)
    table = pd.read_parquet(to / "catalogue-000000.parquet")
    rendered = table[table.outcome == "rendered"]
    assert rendered["views"].tolist() == [0] * 3


def test_a_damaged_image_is_left_out(export, tmp_path):
    out = surfaces.output(tmp_path / "out", objects=2)
    (bad, good) = sorted(out.glob("renders/*.zip"))
    data = bytearray(bad.read_bytes())
    at = data.find(b"omage_tensor_64.npz") + 200
    data[at : at + 50] = bytes(50)
    bad.write_bytes(data)
    to = export("omage", out)
    entries = json.loads((to / "df_p64_m02_res64_meta.json").read_text())
    assert list(entries) == [good.stem]
    codes = {line["uid"]: line.get("code") for line in scenes.outcomes(to).values()}
    assert codes[bad.stem] == "modified"


def test_inner_pixels_of_the_small_image_are_the_same_bits(omages):
    """Values are truncated once, not once more on the way to 64."""
    for path in omages.glob("renders/*.zip"):
        with zipfile.ZipFile(path) as archive:
            large, small = (
                np.load(io.BytesIO(archive.read(f"{path.stem}/{name}")))["arr_0"]
                for name in ("omage_tensor.npz", "omage_tensor_64.npz")
            )
        step = len(large) // 64
        occupied = large[..., 3] > 0
        whole = occupied.reshape(64, step, 64, step).all(axis=(1, 3))
        # Blocks with occupied ones all around hold no border.
        inner = whole[1:-1, 1:-1] & whole[:-2, 1:-1] & whole[2:, 1:-1]
        inner &= whole[1:-1, :-2] & whole[1:-1, 2:]
        inner &= whole[:-2, :-2] & whole[2:, 2:] & whole[:-2, 2:] & whole[2:, :-2]
        assert inner.sum() > 50
        middle = large[step // 2 :: step, step // 2 :: step]
        assert (small[1:-1, 1:-1][inner] == middle[1:-1, 1:-1][inner]).all()


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (np.zeros((surfaces.SIZE,) * 2 + (12,), np.float32), "is empty"),
        (np.zeros((8, 8, 12), np.float32), "omage.f32 has 3072 bytes, not 3145728"),
        (np.zeros((surfaces.SIZE,) * 2 + (12,), np.float64), "has 6291456 bytes, not 3145728"),
        (surfaces.pixels() + 1, "outside 0 to 1"),
        (surfaces.pixels() * np.float32("nan"), "outside 0 to 1"),
        (np.zeros(0, np.float32), "has 0 bytes, not 3145728"),
    ],
)
def test_a_child_that_lies(tmp_path, image, why):
    ref = ObjectRef(file_identifier="x")
    left = surfaces.rendered(tmp_path / "raw", None, ref, image)
    with pytest.raises(RenderFailed, match=why):
        pack(left, surfaces.recipe(), tmp_path)
    assert not list(tmp_path.glob("*.zip"))
