"""Sets of synthetic scenes, read by h5py and Pillow alone and held against what was drawn."""

import hashlib
import io
import shutil
import signal

import boto3
import h5py
import numpy as np
import pytest
from PIL import Image
from structlog.testing import capture_logs

from tests.command_line import listing, run_worker
from tests.integration.export import synthetic
from tests.integration.export.scenes import outcomes
from tests.integration.export.stopping import stop_midway
from tests.readers import selfstudy
from tests.tools.moto import s3_server
from worker.core import keys
from worker.core.s3 import S3Options
from worker.export import hdf5_table
from worker.export.run import ExportOptions, run
from worker.stores import open_store

STARTS = (100, 0, 20, 4, 8)
INDICES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20, 21, 22, 23, 100, 101, 102, 103]
RGB = ((98.12, 89.92, 84.36), (43.95, 42.66, 44.05))
LAB = ((38.44, 3.03, 4.77), (17.42, 9.41, 11.37))
# of those 8-bit colours, as scikit-image 0.26 has them, whose white differs by 1e-4
WALL_LAB = (56.024, 21.979, 44.483)
SQUARE_LAB = (60.324, 98.233, -60.821)
NEAR = 0.06
"""Half a step of a half float, times the deviation; and that white."""


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """20 samples of one object, pictures only."""
    return synthetic.output(tmp_path_factory.mktemp("single") / "out", STARTS, ending="png")


@pytest.fixture(scope="module")
def multi(tmp_path_factory):
    """20 samples of three objects, with labels for every pixel."""
    return synthetic.output(tmp_path_factory.mktemp("multi") / "out", STARTS, objects=3)


def content(path):
    with h5py.File(path, "r") as file:
        return {name: column[:] for name, column in file.items()}


def by_index(rows):
    """Rows that are mixed, in the samples' order."""
    order = np.argsort(rows["idx"])
    return {name: column[order] for name, column in rows.items()}


def image(row):
    return np.asarray(Image.open(io.BytesIO(row.tobytes())))


def wanted(field, index, objects):
    values = synthetic.records(index, objects)[field]
    return values[0] if objects == 1 else values


def test_pictures_and_labels_of_scenes(export, multi):
    rows = content(export("hdf5", multi) / "imgs_00.h5")
    assert rows["idx"].tolist() == INDICES
    for place, index in enumerate(INDICES):
        picture, labels = image(rows["png_images"][place]), image(rows["png_targets"][place])
        assert picture.shape == labels.shape == (synthetic.SIZE, synthetic.SIZE, 3)
        _, number, material, depth = synthetic.layers(index, 3)
        square = number > 0
        assert (picture[~square] == synthetic.WALL_SRGB).all()
        assert (picture[square] == synthetic.SQUARE_SRGB).all()
        assert np.array_equal(labels[..., 0], number)
        assert (labels[~square, 1] == 0).all()
        assert np.array_equal(labels[square, 1], material[square] + 1)
        centimetres = 100 * np.minimum(depth, 2.55)
        assert (np.abs(labels[..., 2] + 0.5 - centimetres) < 0.501).all()  # cut off, as the study
        assert rows["uid"][place].decode() == synthetic.uid(start_of(index))
        for field in synthetic.OBJECT.names:
            assert np.array_equal(rows[field][place], wanted(field, index, 3)), field
    assert rows["class"].dtype == np.int64
    assert rows["rot_mat"].shape == (20, 3, 3, 3)


def start_of(index):
    return max(start for start in STARTS if start <= index)


def test_depth_beyond_the_range_is_its_end(export, tmp_path):
    far = synthetic.output(tmp_path / "out", [140])
    labels = image(content(export("hdf5", far) / "imgs_00.h5")["png_targets"][0])
    square = labels[..., 0] == 1
    assert set(labels[~square, 2]) == {255}  # 2.90 m
    assert set(labels[square, 2]) <= {239, 240}  # 2.40 m


def test_pictures_without_labels_have_the_class_as_target(export, single):
    rows = content(export("hdf5", single) / "imgs_00.h5")
    assert "png_targets" not in rows
    for place, index in enumerate(INDICES):
        assert rows["png_images"][place].tobytes() == synthetic.png(index, 1)
        for field in synthetic.OBJECT.names:
            assert np.array_equal(rows[field][place], wanted(field, index, 1)), field
    assert rows["targets"].tolist() == [synthetic.class_of(index, 0) for index in INDICES]
    assert rows["rot_mat"].shape == (20, 3, 3)


def test_classes_as_targets_of_sets_that_have_labels(export, tmp_path):
    out = synthetic.output(tmp_path / "out", STARTS)
    for options, name in (({}, "imgs_00.h5"), ({"preprocess": 8}, "data_8.h5")):
        to = export("hdf5", out, tmp_path / name, options={**options, "layout": "classes"})
        rows = by_index(content(to / name))
        assert "png_targets" not in rows
        assert rows["targets"].tolist() == [synthetic.class_of(index, 0) for index in INDICES]


def test_layers_of_either_name_make_the_same_file(export, multi, tmp_path):
    newer = synthetic.output(tmp_path / "new", STARTS, objects=3, layer="ViewLayer")
    old, new = export("hdf5", multi, tmp_path / "a"), export("hdf5", newer, tmp_path / "b")
    assert listing(old)["imgs_00.h5"] == listing(new)["imgs_00.h5"]


@pytest.mark.parametrize("lab", [False, True])
def test_preprocessed_colours(export, multi, lab):
    edge = synthetic.SIZE  # not resized
    to = export("hdf5", multi, options={"preprocess": edge, "lab": lab})
    mean, std = LAB if lab else RGB
    with h5py.File(to / f"data_{edge}{'_lab' if lab else ''}.h5") as file:
        assert (tuple(file.attrs["mean"]), tuple(file.attrs["std"])) == (mean, std)
        assert file.attrs["space"] == ("LAB" if lab else "RGB")
        assert (file["data"].dtype, sorted(file["idx"][:])) == (np.float16, INDICES)
        for place, index in enumerate(file["idx"][:].tolist()):
            colour = file["data"][place].astype(float).transpose(1, 2, 0) * std + mean
            _, number, material, _ = synthetic.layers(index, 3)
            square = number > 0
            assert np.abs(colour[~square] - (WALL_LAB if lab else synthetic.WALL_SRGB)).max() < NEAR
            shade = SQUARE_LAB if lab else synthetic.SQUARE_SRGB
            assert np.abs(colour[square] - shade).max() < NEAR
            assert np.array_equal(file["targets"][place][0], number)
            assert np.array_equal(file["targets"][place][1], (material + 1) % 100)
            for field in synthetic.OBJECT.names:
                assert np.array_equal(file[field][place], wanted(field, index, 3))


@pytest.mark.parametrize("edge", [8, 11, 50])
def test_labels_are_of_the_nearest_pixel_and_never_mixed(export, multi, edge):
    to = export("hdf5", multi, options={"preprocess": edge})
    raw = content(export("hdf5", multi, to / "raw") / "imgs_00.h5")["png_targets"]
    rows = by_index(content(to / f"data_{edge}.h5"))
    assert rows["data"].shape == rows["targets"].shape == (20, 3, edge, edge)
    assert rows["targets"].dtype == np.uint8
    nearest = np.floor((np.arange(edge) + 0.5) * synthetic.SIZE / edge).astype(int)
    for place in range(20):
        labels = image(raw[place])[np.ix_(nearest, nearest)]
        assert np.array_equal(rows["targets"][place], labels.transpose(2, 0, 1))


@pytest.mark.parametrize("edge", [7, 40])
def test_pictures_are_resized_bicubically(export, single, edge):
    to = export("hdf5", single, options={"preprocess": edge})
    rows = by_index(content(to / f"data_{edge}.h5"))
    for place, index in enumerate(INDICES):
        picture = Image.fromarray(synthetic.picture(index, 1))
        expected = np.asarray(picture.resize((edge, edge), Image.Resampling.BICUBIC))
        mean, std = RGB
        colour = rows["data"][place].astype(float).transpose(1, 2, 0) * std + mean
        assert np.abs(colour - expected).max() < NEAR


def test_the_study_trainer_reads_it(export, single, multi, tmp_path):
    """Chunks by slices, the split by shares, the pose by the second column: as its reader does."""
    for source, dense in ((single, False), (multi, True)):
        to = export("hdf5", source, tmp_path / f"{dense}", options={"preprocess": 16, "lab": True})
        chunk = 5
        with h5py.File(to / "data_16_lab.h5", "r") as file:
            train = np.arange(len(file["data"]) * 5 // 6)
            parts = {
                name: np.concatenate([file[name][i : i + chunk] for i in train[train % chunk == 0]])
                for name in ("data", "targets", "rot_mat")
            }
        assert parts["data"].shape == (20, 3, 16, 16)
        if dense:
            assert parts["targets"].shape == (20, 3, 16, 16)
            assert parts["targets"][:, 1].max() < 11
        else:
            assert parts["targets"].dtype == np.int64
            assert parts["rot_mat"][:, :, 1].shape == (20, 3)


@pytest.mark.parametrize("whole", [1 << 26, 0])
def test_preprocessed_rows_are_mixed_and_the_held_out_stand_last(
    export, tmp_path, monkeypatch, whole
):
    monkeypatch.setattr(hdf5_table, "WHOLE_BYTES", whole)  # 0: row by row
    out = synthetic.output(tmp_path / "out", range(48, 96, 4), failed=(52,),
                           spec={"samples": 48, "idx_offset": 48})  # fmt: skip
    to = export("hdf5", out, options={"preprocess": 16})
    rows = content(to / "data_16.h5")
    index = rows["idx"].tolist()
    train = [number for number in range(48, 88) if not 52 <= number < 56]
    parts = index[:36], index[36:40], index[40:]
    assert [sorted(part) for part in parts] == [train, [*range(88, 92)], [*range(92, 96)]]
    with h5py.File(to / "data_16.h5") as file:
        assert file.attrs["rows"].tolist() == [36, 4, 4]
    # The first tenth shows zips of the whole span, and no row's neighbour is its zip's.
    assert len({number // 4 for number in index[:8]}) > 4
    assert np.abs(np.diff(index[:36])).mean() > 8
    raw = content(export("hdf5", out, tmp_path / "raw") / "imgs_00.h5")
    for place, number in enumerate(index):
        at = raw["idx"].tolist().index(number)
        for field in (*synthetic.OBJECT.names, "uid"):
            assert np.array_equal(rows[field][place], raw[field][at])
        depth = rows["targets"][place][2].max()
        assert depth == image(raw["png_targets"][at])[..., 2].max()
    digests = {hashlib.sha256((to / "data_16.h5").read_bytes()).hexdigest()}
    monkeypatch.setattr(hdf5_table, "WHOLE_BYTES", 1 << 26)
    again = export("hdf5", out, tmp_path / "again", options={"preprocess": 16})
    assert digests == {hashlib.sha256((again / "data_16.h5").read_bytes()).hexdigest()}


def test_files_by_number_of_zips(export, multi):
    with capture_logs() as said:
        to = export("hdf5", multi, options={"group_objects": 2})
    assert [line["b"] for line in said if "preprocess_data.py" in line["event"]] == [3]
    names = sorted(path.name for path in to.glob("*.h5"))
    assert names == ["imgs_00.h5", "imgs_01.h5", "imgs_02.h5"]
    indices = [content(to / name)["idx"].tolist() for name in names]
    assert indices == [INDICES[:8], INDICES[8:16], INDICES[16:]]
    parts = export("hdf5", multi, to / "small", options={"preprocess": 8, "group_objects": 3})
    assert sorted(path.name for path in parts.glob("*.h5")) == ["data_8_00.h5", "data_8_01.h5"]


@pytest.mark.parametrize("size", [12, 40])
def test_the_studys_preprocessing_reads_files_of_equal_size(export, multi, tmp_path, size):
    """With the -b that the export says, at any resolution; the labels have the pictures' rows."""
    with capture_logs() as said:
        to = export("hdf5", multi, options={"group_objects": 1})
    (count,) = [line["b"] for line in said if "preprocess_data.py" in line["event"]]
    table = selfstudy.preprocessed(to, count, size)
    assert table["idx"].tolist() == INDICES
    ours = by_index(content(export("hdf5", multi, tmp_path / "ours", options={"preprocess": size})
                            / f"data_{size}.h5"))  # fmt: skip
    assert np.abs(table["data"].astype(float) - ours["data"]).max() < NEAR
    assert (table["class"] == ours["class"]).all()
    with pytest.raises(OSError, match="imgs_05"):
        selfstudy.preprocessed(to, count + 1, size)


def test_the_studys_preprocessing_loses_rows_of_files_of_other_sizes(export, multi):
    """Why the page says that the number of zips must be a multiple of --group-objects."""
    to = export("hdf5", multi, options={"group_objects": 2})  # 8, 8 and 4 rows
    assert selfstudy.preprocessed(to, 3, 12)["idx"].tolist() != INDICES


def test_ranges_that_failed_are_named_and_left_out(export, tmp_path):
    out = synthetic.output(tmp_path / "out", STARTS, failed=(4, 100))
    to = export("hdf5", out, options={"group_objects": 2})
    assert content(to / "imgs_00.h5")["idx"].tolist() == [0, 1, 2, 3]
    assert content(to / "imgs_01.h5")["idx"].tolist() == [8, 9, 10, 11, 20, 21, 22, 23]
    assert not (to / "imgs_02.h5").exists()  # all of it failed
    found = outcomes(to)
    for start in STARTS:
        line = found[synthetic.identifier(start)]
        if start in {4, 100}:
            assert (line["outcome"], line["code"]) == ("failed", "missing")
            assert "a texture is no picture" in line["message"]
        else:
            assert line["outcome"] == "exported"


@pytest.mark.parametrize("options", [(), ("--preprocess", 13)])
def test_the_same_bytes_whatever_lay_in_memory(multi, tmp_path, options):
    found = []
    for byte in ("90", "165"):
        to = tmp_path / byte
        run_worker("export", "hdf5", "--input", multi, "--to", to, *options, MALLOC_PERTURB_=byte)
        found.append(listing(to))
    assert found[0] == found[1]
    assert len(found[0]) == 2  # and export.json


@pytest.mark.parametrize(
    "options", [{"group_objects": 1}, {"preprocess": 8, "lab": True, "group_objects": 2}]
)
def test_ranks_and_a_second_run_give_what_one_run_gives(export, multi, tmp_path, options):
    alone = export("hdf5", multi, tmp_path / "alone", options=options)
    to = tmp_path / "shared"
    for rank in (1, 0):
        export("hdf5", multi, to, options=options, rank=rank, world_size=2)
    assert listing(to) == listing(alone)
    before = {path: path.stat().st_mtime_ns for path in to.glob("*.h5")}
    export("hdf5", multi, to, options=options)  # nothing is left to do
    assert {path: path.stat().st_mtime_ns for path in to.glob("*.h5")} == before
    shutil.rmtree(to / "ledger")
    export("hdf5", multi, to, options=options)  # costs time only
    assert listing(to) == listing(alone)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_stopped_and_run_again_it_gives_what_an_undisturbed_run_gives(export, tmp_path, how):
    starts = range(0, 160, 8)
    out = synthetic.output(tmp_path / "out", starts, count=8, objects=2, size=96)
    options = {"preprocess": 128, "lab": True, "group_objects": 1}
    alone = export("hdf5", out, tmp_path / "alone", options=options)
    to = tmp_path / "to"
    arguments = ("export", "hdf5", "--input", out, "--to", to, "--preprocess", 128, "--lab",
                 "--group-objects", 1, "--workers", 1)  # fmt: skip
    stop_midway(arguments, how, to, "*.h5")
    assert 0 < len(list(to.glob("*.h5"))) < len(starts)
    export("hdf5", out, to, options=options)
    assert listing(to, killed=how == signal.SIGKILL) == listing(alone)
    assert {line["outcome"] for line in outcomes(to).values()} == {"exported"}


def test_on_s3_as_in_a_folder(export, single, tmp_path, monkeypatch):
    folder = export("hdf5", single, tmp_path / "folder")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with s3_server() as url:
        s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        s3.create_bucket(Bucket="samples")
        options = S3Options(endpoint_url=url, region="us-east-1")
        target = open_store("s3://samples/to", options)
        done = run(
            ExportOptions(kind="hdf5", input=str(single), to="s3://samples/to",
                          scratch=tmp_path / "scratch", s3=options), {},
        )  # fmt: skip
        assert done.status == 0
        found = {
            entry.key: hashlib.sha256(target.read(entry.key)).hexdigest()
            for entry in target.list()
            if not entry.key.startswith((keys.LEDGER, keys.BEGUN, keys.SUMMARIES))
        }
        assert found == listing(folder)
