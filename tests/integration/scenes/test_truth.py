"""Ground truth against geometry: rays through every pixel's centre, cut with the known triangles.

Where the objects stand is taken from the NPY alone; what the EXR shows must follow from it.
"""

import itertools
import json

import numpy as np
import pytest
from trimesh.transformations import euler_matrix, quaternion_matrix

from tests.integration.scenes.known import read_obj, unit
from tests.integration.scenes.stage import read
from tests.proof_helpers import cast, project, rays

FIELDS = ("class", "rot_mat", "quaternion", "euler", "bbox", "scale", "location", "light")
CHANNELS = {"Combined.R", "Combined.G", "Combined.B", "IndexOB.X", "IndexMA.X", "Depth.Z"}
FLOOR = -0.4 * 0.8 / 2
CLASSES = ("brick", "step", "wedge")


def placed(row, points):
    """World coordinates of points of the unit-sized object, (…,3)."""
    return (points * row["scale"]) @ row["rot_mat"].T + row["location"]


def worlds(sample, models):
    return [
        placed(row, unit(read_obj(models / name)))
        for row, name in zip(sample.rows, sample.names, strict=True)
    ]


def expected(sample, models):
    """Object's number and depth at each pixel's centre; inf where no object is."""
    triangles = worlds(sample, models)
    depth, which = cast(np.concatenate(triangles), sample.view, 1)
    numbers = np.repeat(np.arange(1, len(triangles) + 1), [len(each) for each in triangles])
    return np.where(which < 0, 0, numbers[which]), depth


def inner(numbers):
    """Pixels whose neighbours show the same: no edge runs through them."""
    padded = np.pad(numbers, 1, mode="edge")
    return np.all(
        [padded[1 + y : padded.shape[0] - 1 + y, 1 + x : padded.shape[1] - 1 + x] == numbers
         for y, x in itertools.product((-1, 0, 1), repeat=2)],
        axis=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def single(scenery, models):
    return scenery.samples(
        models, "scenes-all", "scenes.samples=6", "views=6", "scenes.reuse=1", "scenes.warp=0.3"
    )


@pytest.fixture(scope="module")
def multi(scenery, models):
    return scenery.samples(models, "scenes-multi", "scenes.samples=4", "views=4", "scenes.reuse=2")


@pytest.fixture(scope="module")
def floor(scenery, models):
    return scenery.samples(
        models, "scenes-floor", "scenes.samples=2", "views=2", "scenes.viewpoint=0.4"
    )


@pytest.fixture(params=["single", "multi", "floor"])
def samples(request, single, multi, floor):
    return {"single": single, "multi": multi, "floor": floor}[request.param]


def test_files_have_the_studys_names_and_types(samples):
    for sample in samples:
        assert sample.rows.dtype.names == FIELDS
        assert set(sample.layers) == CHANNELS
        assert {plane.dtype for plane in sample.layers.values()} == {np.dtype(np.float32)}


def test_pixels_show_the_object_and_the_depth_that_the_pose_says(samples, models):
    for sample in samples:
        numbers, depth = expected(sample, models)
        assert (sample.numbers == numbers).mean() > 0.998  # a ray may graze an edge
        sure = inner(numbers) & (numbers > 0)
        assert sure.sum() > 100
        assert np.array_equal(sample.numbers[sure], numbers[sure])
        assert sample.depth[sure] == pytest.approx(depth[sure], abs=2e-4)


def test_a_mask_is_as_large_as_its_object_in_the_picture(samples, models):
    for sample in samples:
        shown = expected(sample, models)[0]
        for number, (row, triangles) in enumerate(
            zip(sample.rows, worlds(sample, models), strict=True), 1
        ):
            spots = project(triangles.reshape(-1, 3), sample.view)[:, :2]
            corners = np.array(list(itertools.product(*row["bbox"].T)))
            box = project(placed(row, corners), sample.view)[:, :2]
            y, x = np.nonzero(sample.numbers == number)
            if not len(x):  # another stands before it
                assert not (shown == number).any()
                continue
            centres = np.stack([x, y], -1) + 0.5
            assert (centres >= box.min(axis=0) - 1e-3).all()
            assert (centres <= box.max(axis=0) + 1e-3).all()
            if len(sample.rows) == 1:
                size = (sample.view.width, sample.view.height)
                low, high = (np.clip(end(spots, axis=0), 0, size) for end in (np.min, np.max))
                assert centres.min(axis=0) - 0.5 == pytest.approx(low, abs=1.01)
                assert centres.max(axis=0) + 0.5 == pytest.approx(high, abs=1.01)


def test_the_box_is_that_of_the_unit_sized_object(samples, models):
    for sample in samples:
        for row, name in zip(sample.rows, sample.names, strict=True):
            points = unit(read_obj(models / name)).reshape(-1, 3)
            assert row["bbox"] == pytest.approx(
                np.stack([points.min(axis=0), points.max(axis=0)]), abs=1e-6
            )


def test_matrix_quaternion_and_euler_are_one_rotation(samples):
    for sample in samples:
        for row in sample.rows:
            assert row["rot_mat"] == pytest.approx(
                euler_matrix(*row["euler"], "sxyz")[:3, :3], abs=1e-6
            )
            assert row["rot_mat"] == pytest.approx(
                quaternion_matrix(row["quaternion"])[:3, :3], abs=1e-6
            )


def test_the_material_index_is_the_class(samples):
    for sample in samples:
        for number, (row, name) in enumerate(zip(sample.rows, sample.names, strict=True), 1):
            assert CLASSES[row["class"]] == name.partition("/")[0]
            assert set(sample.classes[sample.numbers == number]) <= {row["class"]}
        assert set(sample.classes[sample.numbers == 0]) == {99}


def test_the_wall_stands_across_the_cameras_axis(single):
    for sample in single:
        away = -np.array(sample.view.camera_to_world)[:3, 2] @ (
            np.array([-3, 0, -1.2]) - [1, 0, 0.4]
        )
        assert sample.depth[sample.numbers == 0] == pytest.approx(away, abs=1e-4)


def test_objects_stand_on_the_floor(floor, models):
    heights = [each[..., 2].min() for sample in floor for each in worlds(sample, models)]
    assert heights == pytest.approx([FLOOR] * len(heights), abs=1.1e-4)
    assert min(heights) > FLOOR  # else the two would fight for the pixel
    for sample in floor:
        start, way = rays(sample.view)
        depth = (FLOOR - start[..., 2]) / way[..., 2]
        ground = sample.numbers == 0
        assert sample.depth[ground] == pytest.approx(depth[ground], rel=1e-4)
        assert ground.any()


def test_no_object_stands_in_another(multi, floor):
    inside = np.array(list(itertools.product(np.linspace(0, 1, 9), repeat=3)))
    for sample in [*multi, *floor]:
        for one, other in itertools.permutations(sample.rows, 2):
            points = one["bbox"][0] + inside * (one["bbox"][1] - one["bbox"][0])
            local = (placed(one, points) - other["location"]) @ other["rot_mat"] / other["scale"]
            within = (local > other["bbox"][0]) & (local < other["bbox"][1])
            assert not within.all(axis=-1).any()


def test_every_object_is_in_the_frame(multi):
    for sample in multi:
        spots = project(sample.rows["location"], sample.view)
        assert (spots[:, :2] > 0).all()
        assert (spots[:, :2] < 64).all()


def test_metadata_counts_the_pixels_that_show_each_object(one_scenery, models):
    (files,) = one_scenery.zips(models, "scenes-multi", "scenes.samples=2", "views=2")
    about = json.loads(files["metadata.json"])
    for told, sample in zip(about["samples"], read(files), strict=True):
        seen = [int((sample.numbers == number).sum()) for number in range(1, 5)]
        assert [each["pixels"] for each in told["objects"]] == seen
    assert about["classes"] == list(CLASSES)
