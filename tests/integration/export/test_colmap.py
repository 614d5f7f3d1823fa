"""`export colmap`: read by pycolmap and by the format's description; points in their pixels."""

import zipfile

import numpy as np
import pytest

from tests.integration.export import readers, scenes
from tests.integration.export.test_nerf import agrees
from tests.readers import colmap
from worker.codecs.colmap_model import quaternion
from worker.core import keys
from worker.export.base import NotAsWritten
from worker.export.colmap import Colmap

UID = keys.uid_of("https://example.org/0.glb")
NOT_HERE = "pycolmap is not installed; make setup-dev installs it"


def rotations():
    way = np.random.default_rng(3).normal(size=(50, 3, 3))
    found = [np.linalg.qr(each)[0] for each in way]
    turned = [each * np.sign(np.linalg.det(each)) for each in found]
    # Half turns, at which some components are 0.
    return [*turned, np.eye(3), *(np.diag(d) for d in ([1, -1, -1], [-1, 1, -1], [-1, -1, 1]))]


def test_quaternions_are_the_rotations():
    for rotation in rotations():
        found = quaternion(np.asarray(rotation, float))
        assert found[0] >= 0
        _, _, matrix, *_ = colmap.image_of("", 1, (*found, 0, 0, 0), [])
        np.testing.assert_allclose(matrix[:3, :3], rotation, atol=1e-12)


@pytest.mark.parametrize("layout", ["binary", "text"])
def test_the_images_are_where_the_cameras_say(export, views, layout):
    to = export("colmap", views, options={"layout": layout})
    for uid in scenes.uids(3):
        found = colmap.views(to / uid)
        assert len(found) == 10
        for number, view in enumerate(found):
            assert agrees(view)
            mask = readers.image(to / uid / "masks" / f"{view.extras['name']}.png")
            with zipfile.ZipFile(views / keys.render_zip(uid)) as archive:
                assert (to / uid / "images" / view.extras["name"]).read_bytes() == archive.read(
                    f"{uid}/{number:03d}.png"
                )
            assert (mask == 255)[view.mask].mean() > 0.98
            assert {*np.unique(mask)} == {0, 255}


def test_text_and_binary_are_the_same_model(export, views, tmp_path):
    both = [
        colmap.read(export("colmap", views, tmp_path / each, options={"layout": each})
                    / UID / "sparse/0")
        for each in ("binary", "text")
    ]  # fmt: skip
    for one, other in zip(*both, strict=True):
        assert repr(one) == repr(other)
        assert one.keys() == other.keys() == {*range(1, len(one) + 1)}


def test_points_are_on_the_surface_and_their_tracks_where_they_are_seen(export, views):
    cameras, images, points = colmap.read(export("colmap", views) / UID / "sparse/0")
    assert len(cameras) == 1
    assert len(points) > 3000
    xyz = np.array([point for point, _, _ in points.values()])
    assert np.quantile(scenes.to_surface(xyz), 0.99) < 1e-3
    lengths = [len(track) for _, _, track in points.values()]
    assert min(lengths) >= 1
    assert np.mean(lengths) > 2
    for number, (_, camera, matrix, pixels, ids) in images.items():
        _, k = cameras[camera]
        seen = xyz[np.array(ids) - 1]
        local = seen @ matrix[:3, :3].T + matrix[:3, 3]
        again = local @ k.T
        assert np.abs(again[:, :2] / again[:, 2:] - pixels).max() < 1e-6
        assert ids == [point for point, (_, _, track) in points.items()
                       if any(image == number for image, _ in track)]  # fmt: skip
        for place, point in enumerate(ids):
            assert (number, place) in points[point][2]
        # The exact ball at that very place of the picture is at the point's depth.
        pose = np.linalg.inv(matrix) @ np.diag([1, -1, -1, 1])
        depth = analytic(pose, k, pixels)
        hit = np.isfinite(depth)
        assert hit.mean() > 0.97
        assert np.quantile(np.abs(depth - local[:, 2])[hit], 0.97) < 0.02


def analytic(pose, k, pixels):
    """Planar depth of the balls at pixel places (n, 2), infinite beside them."""
    x, y = ((pixels - [k[0, 2], k[1, 2]]) / [k[0, 0], k[1, 1]]).T
    way = np.stack([x, -y, -np.ones_like(x)], -1) @ pose[:3, :3].T
    found = np.full(len(pixels), np.inf)
    a = (way * way).sum(-1)
    for centre, radius, _ in scenes.BALLS:
        gap = pose[:3, 3] - np.array(centre)
        b = way @ gap
        root = b * b - a * (gap @ gap - radius**2)
        near = (-b - np.sqrt(np.maximum(root, 0))) / a
        found = np.where(root > 0, np.minimum(found, near), found)
    return found


@pytest.mark.parametrize("layout", ["binary", "text"])
def test_pycolmap_reads_it(export, views, layout):
    pycolmap = pytest.importorskip("pycolmap", reason=NOT_HERE)
    to = export("colmap", views, options={"layout": layout})
    model = pycolmap.Reconstruction(str(to / UID / "sparse/0"))
    assert (model.num_images(), model.num_reg_images(), model.num_cameras()) == (10, 10, 1)
    assert model.num_points3D() > 3000
    assert model.is_valid()
    for number, image in model.images.items():
        place = scenes.locations(10)[number - 1]
        np.testing.assert_allclose(image.projection_center(), place, atol=1e-6)
        shown = [each for each in image.points2D if each.has_point3D()]
        assert len(shown) > 400
        for each in shown[::20]:
            again = image.project_point(model.point3D(each.point3D_id).xyz)
            assert np.abs(again - each.xy).max() < 1e-6
    model.update_point_3d_errors()
    assert model.compute_mean_reprojection_error() < 1e-6
    assert model.compute_mean_track_length() > 2
    # The middle of each ball, by COLMAP's own projection: where the ball hides all behind it.
    for image in model.images.values():
        rgba = readers.image(to / UID / "images" / image.name)
        for centre, _, _ in scenes.BALLS:
            x, y = image.project_point(np.array(centre))
            assert rgba[int(y), int(x), 3] == 255


def test_without_depth_there_are_no_points(export, tmp_path):
    recipe = scenes.recipe(views=3, size=40, images=("colour",))
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    to = export("colmap", out)
    cameras, images, points = colmap.read(to / UID / "sparse/0")
    assert (len(cameras), len(images), points) == (1, 3, {})
    assert not (to / UID / "masks").exists()
    pycolmap = pytest.importorskip("pycolmap", reason=NOT_HERE)
    model = pycolmap.Reconstruction(str(to / UID / "sparse/0"))
    assert (model.num_reg_images(), model.num_points3D()) == (3, 0)


def test_each_lens_is_a_camera(export, tmp_path, monkeypatch):
    """K with its own field of view, centre and shape of pixels in every view but the last."""
    fovs = iter([40, 45, 50, 50])
    plain = scenes.intrinsics

    def intrinsics(*size):
        k = plain(*size[:2], next(fovs))
        k[1][1] *= 1.1
        k[0][2] += 2
        return k

    monkeypatch.setattr(scenes, "intrinsics", intrinsics)
    out = scenes.output(tmp_path / "out", scenes.recipe(views=4, size=64), objects=1)
    to = export("colmap", out)
    cameras, images, _ = colmap.read(to / UID / "sparse/0")
    assert [camera for _, camera, *_ in images.values()] == [1, 2, 3, 3]
    assert len(cameras) == 3
    assert all(agrees(view) for view in colmap.views(to / UID))


def test_a_model_that_lacks_an_image_is_noticed(export, views):
    to = export("colmap", views)
    files = [str(path.relative_to(to)) for path in (to / UID).rglob("*") if path.is_file()]
    Colmap().check(to, files, 1)
    with pytest.raises(NotAsWritten, match="not one model"):
        Colmap().check(to, [name for name in files if not name.endswith("points3D.bin")], 1)
    listed = to / UID / "sparse/0/images.bin"
    listed.write_bytes(listed.read_bytes().replace(b"frame_00003.png", b"frame_00004.png"))
    with pytest.raises(NotAsWritten, match=r"does not name frame_0000[34]"):
        Colmap().check(to, files, 1)
