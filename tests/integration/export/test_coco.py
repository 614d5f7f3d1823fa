"""`export coco`: read by pycocotools and by the format's description."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.command_line import listing, run_worker
from tests.integration.export import synthetic
from tests.integration.export.scenes import outcomes
from tests.readers import coco
from worker.codecs import coco_rle
from worker.core import keys
from worker.export.base import NotAsWritten
from worker.export.coco import Coco

STARTS = (20, 0, 4, 8, 12, 16)
SPEC = {"samples": 24}
SPLITS = {"train": range(20), "val": range(20, 22), "test": range(22, 24)}
OBJECTS = 3
NOT_HERE = "pycocotools is not installed; make setup-dev installs it"


@pytest.fixture(scope="module")
def multi(tmp_path_factory):
    """24 samples of three objects, the whole data set."""
    folder = tmp_path_factory.mktemp("multi") / "out"
    return synthetic.output(folder, STARTS, objects=OBJECTS, spec=SPEC)


def wanted(index, number):
    """The pixels of an object's square."""
    return synthetic.layers(index, OBJECTS)[1] == number + 1


def test_every_object_has_its_mask_box_and_area(export, multi):
    to = export("coco", multi)
    for split, indices in SPLITS.items():
        names, images = coco.read(to, split)
        assert names == {number + 1: f"class {number}" for number in range(10)}
        assert sorted(images) == [*indices]
        for index, (record, pixels, annotations) in images.items():
            assert record["file_name"] == f"{index:05d}.png"
            assert np.array_equal(pixels[wanted(index, 0)][0], synthetic.SQUARE_SRGB)
            assert np.array_equal(pixels[-1, -1], synthetic.WALL_SRGB)
            assert len(annotations) == OBJECTS
            for number, each in enumerate(annotations):
                mask = coco.mask_of(each["segmentation"])
                assert np.array_equal(mask, wanted(index, number))
                rows, columns = synthetic.box_of(number)
                assert each["bbox"] == [columns.start, rows.start, columns.stop - columns.start,
                                        rows.stop - rows.start]  # fmt: skip
                assert each["area"] == mask.sum()
                assert each["iscrowd"] == 0
                assert names[each["category_id"]] == f"class {synthetic.class_of(index, number)}"
                assert each["uid"] == keys.uid_of(f"{index}/{number}")


def test_pycocotools_reads_it(export, multi, capsys):
    pytest.importorskip("pycocotools", reason=NOT_HERE)
    from pycocotools import mask as masks
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    to = export("coco", multi)
    for split, indices in SPLITS.items():
        found = COCO(str(to / f"annotations/instances_{split}.json"))
        assert sorted(found.getImgIds()) == [*indices]
        assert [each["name"] for each in found.loadCats(found.getCatIds())] == [
            f"class {number}" for number in range(10)
        ]
        for index in indices:
            annotations = found.loadAnns(found.getAnnIds(imgIds=index))
            assert len(annotations) == OBJECTS
            for number, each in enumerate(annotations):
                assert np.array_equal(found.annToMask(each), wanted(index, number))
                assert masks.area(each["segmentation"]) == each["area"]
                assert masks.toBbox(each["segmentation"]).tolist() == each["bbox"]
        own = [
            {key: each[key] for key in ("image_id", "category_id", "segmentation", "bbox")}
            | {"score": 1.0}
            for each in found.dataset["annotations"]
        ]
        for kind in ("segm", "bbox"):  # what equals the truth is without a fault
            evaluation = COCOeval(found, found.loadRes(own), kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            assert evaluation.stats[0] == pytest.approx(1.0)
    capsys.readouterr()


@given(arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_run_lengths_are_read_by_both(mask):
    made = coco_rle.encode(mask)
    assert np.array_equal(coco.mask_of(made), mask)
    assert np.array_equal(coco_rle.decode(made), mask)


def test_long_runs_are_those_of_pycocotools():
    mask = np.zeros((700, 900), bool)
    mask[100:650, 20:880] = True
    mask[::7, ::3] ^= True
    made = coco_rle.encode(mask)
    assert np.array_equal(coco.mask_of(made), mask)
    masks = pytest.importorskip("pycocotools.mask", reason=NOT_HERE)
    assert masks.encode(np.asfortranarray(mask, np.uint8))["counts"].decode() == made["counts"]


@given(st.text(alphabet=[chr(c) for c in range(40, 120)], max_size=12))
def test_what_is_no_mask_is_refused(text):
    try:
        mask = coco_rle.decode({"size": [5, 4], "counts": text})
    except coco_rle.NotRle:
        return
    assert mask.shape == (5, 4)


def test_a_hidden_object_has_no_annotation(export, tmp_path):
    def hide(start, files):
        name = f"img/{start:05d}.exr"
        layers = synthetic.layers(start, OBJECTS)
        layers[1][layers[1] == 2], layers[2][layers[1] == 0] = 0, 99
        colour, number, material, depth = layers
        channels = {f"View Layer.Combined.{c}": colour[..., k].copy() for k, c in enumerate("RGB")}
        channels |= {"View Layer.IndexOB.X": number, "View Layer.IndexMA.X": material,
                     "View Layer.Depth.Z": depth}  # fmt: skip
        files[name] = synthetic.write_exr(channels)

    out = synthetic.output(tmp_path / "out", [0], objects=OBJECTS, change=hide, spec=SPEC)
    _, images = coco.read(export("coco", out), "train")
    assert [each["id"] % 32 for each in images[0][2]] == [1, 3]
    assert [each["id"] % 32 for each in images[1][2]] == [1, 2, 3]


def test_zips_without_what_it_needs_are_named(export, tmp_path):
    def harm(start, files):
        document = json.loads(files["metadata.json"])
        if start == 4:
            del document["classes"]
        if start == 8:
            document["samples"][1]["objects"][0]["class"] += 1
        if start == 12:
            document["samples"].pop()
        if start == 16:
            document["samples"][0]["objects"].pop()
            rows = np.load(io.BytesIO(files["img/00016.npy"]))
            files["img/00016.npy"] = synthetic.npy(rows[:-1])
        files["metadata.json"] = json.dumps(document).encode()

    out = synthetic.output(tmp_path / "out", STARTS, objects=OBJECTS, change=harm, failed=(20,),
                           spec=SPEC)  # fmt: skip
    to = export("coco", out, status=10)
    _, images = coco.read(to, "train")
    assert sorted(images) == [0, 1, 2, 3]
    assert not (to / "annotations/instances_val.json").exists()
    codes = {each["file_identifier"]: each.get("code") for each in outcomes(to).values()}
    assert codes == {
        synthetic.identifier(start): code
        for start, code in ((0, None), (4, "render"), (8, "render"), (12, "render"),
                            (16, "render"), (20, "missing"))
    }  # fmt: skip


def test_pictures_without_labels_are_refused(tmp_path):
    out = synthetic.output(tmp_path / "out", [0], ending="png")
    done = run_worker("export", "coco", "--input", out, "--to", tmp_path / "to", check=78)
    assert "needs a label of every pixel (scenes.exr)" in done.stderr
    assert not (tmp_path / "to").exists()


def test_ranks_and_a_second_run_give_what_one_run_gives(export, multi, tmp_path):
    options = {"group_objects": 2}
    alone = export("coco", multi, tmp_path / "alone", options=options)
    names = [*listing(alone)]
    assert sum(name.endswith("images/00007.png") for name in names) == 1
    assert {name.rpartition("/")[2] for name in names if "instances" in name} == {
        "instances_train_00.json", "instances_train_01.json", "instances_train_02.json",
        "instances_val_02.json", "instances_test_02.json",
    }  # fmt: skip
    to = tmp_path / "shared"
    for rank in (1, 0):
        export("coco", multi, to, options=options, rank=rank, world_size=2)
    export("coco", multi, to, options=options)  # nothing is left to do
    assert listing(to) == listing(alone)


def test_what_does_not_read_back_is_noticed(export, multi):
    to = export("coco", multi)
    files = [str(path.relative_to(to)) for path in to.glob("[ai]*/*")]
    Coco().check(to, files, 6)
    with pytest.raises(NotAsWritten, match="do not name each image once"):
        Coco().check(to, [name for name in files if not name.endswith("00003.png")], 6)
    listed = to / "annotations/instances_test.json"
    good = json.loads(listed.read_bytes())
    for key, value, what in (
        ("area", 3, "another area or box"), ("id", 706, "the same id"),
        ("image_id", 99, "no image"),
        ("segmentation", {"size": [24, 24], "counts": "12"}, "do not fill 24x24"),
    ):  # fmt: skip
        bad = json.loads(json.dumps(good))
        bad["annotations"][0][key] = value
        listed.write_text(json.dumps(bad))
        with pytest.raises(NotAsWritten, match=what):
            Coco().check(to, files, 6)
