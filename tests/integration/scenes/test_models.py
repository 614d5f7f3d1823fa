"""`products = ["mesh"]` of scenes: every object shown, where its row of the NPY says it is."""

import io
import json

import numpy as np
import pytest
import trimesh

from tests.integration.scenes.known import read_obj, unit
from worker.core import keys

FEW = ("scenes.samples=6", "views=3", "scenes.reuse=2", "scenes.objects=2")
MESHES = 'products=["mesh"]'


@pytest.fixture(scope="module")
def zips(scenery, models):
    return scenery.zips(models, "scenes-multi", *FEW, MESHES)


def test_every_object_that_is_shown_has_its_mesh_and_no_other(zips, models):
    assert len(zips) == 2
    for files in zips:
        about = json.loads(files["metadata.json"])
        shown = {each["uid"]: each["file_identifier"] for sample in about["samples"]
                 for each in sample["objects"]}  # fmt: skip
        assert {keys.scene_mesh(uid) for uid in shown} == {
            name for name in files if name.startswith("models/")
        }
        for uid, name in shown.items():
            data = io.BytesIO(files[keys.scene_mesh(uid)])
            found = trimesh.load(data, file_type="ply", process=False)
            known = unit(read_obj(models / name))
            assert len(found.faces) == len(known)
            one, other = (sorted(each.reshape(-1, 9).round(4).tolist())
                          for each in (found.triangles + 1, known + 1))  # fmt: skip
            assert np.array(one) == pytest.approx(np.array(other), abs=2e-4)


def test_objects_are_numbered_in_the_order_of_classes_and_names(zips, models):
    listed = sorted(str(path.relative_to(models)) for path in models.glob("*/*.obj"))
    for files in zips:
        for sample in json.loads(files["metadata.json"])["samples"]:
            for each in sample["objects"]:
                assert listed[each["number"]] == each["file_identifier"]


def test_the_images_do_not_depend_on_it(zips, scenery, models):
    plain = scenery.zips(models, "scenes-multi", *FEW)
    for one, other in zip(zips, plain, strict=True):
        images = {name for name in one if name.startswith("img/")}
        assert images == {name for name in other if name.startswith("img/")}
        assert all(one[name] == other[name] for name in images)
