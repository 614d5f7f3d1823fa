"""What the pictures show: the right place, the right size, the same each time."""

import numpy as np
import pytest
from PIL import Image

from tests.integration.blender.driver import COMMANDS, Driver, small
from tests.integration.blender.pictures import framed, views_of

MARKS = [(0, 0, 0), (10, 0, 0), (10, 4, 0), (3, 1, 6), (1, 3, 2)]
"""Centres of tiny cubes in an OBJ (Y up); far from the origin and any unit size."""
HALF = 0.1


def marks_obj():
    lines, base = [], 1
    for mark in MARKS:
        for i in range(8):
            corner = [at + (HALF if i >> bit & 1 else -HALF) for bit, at in enumerate(mark)]
            lines += ["v {} {} {}".format(*corner)]
        for face in (
            (0, 1, 3, 2),
            (4, 6, 7, 5),
            (0, 4, 5, 1),
            (2, 3, 7, 6),
            (0, 2, 6, 4),
            (1, 5, 7, 3),
        ):
            lines += ["f " + " ".join(str(base + corner) for corner in face)]
        base += 8
    return "\n".join(lines) + "\n"


def normalised_marks():
    """The marks in the normalised world: Z up, longest side 1, centred."""
    y_up = np.array(MARKS, dtype=float)
    points = np.stack([y_up[:, 0], -y_up[:, 2], y_up[:, 1]], axis=1)
    low, high = points.min(axis=0) - HALF, points.max(axis=0) + HALF
    return (points - (low + high) / 2) / (high - low).max()


@pytest.mark.parametrize("resolution", [(128, 128), (160, 96), (96, 160)])
def test_a_point_is_seen_where_the_camera_says(child, tmp_path, resolution):
    model = tmp_path / "marks.obj"
    model.write_text(marks_obj())
    recipe = small(views=4, resolution=list(resolution), samples=16)
    answer = child.render(model, tmp_path / "out", recipe)
    width, height = resolution
    for view, image in zip(answer["views"], views_of(answer, tmp_path / "out"), strict=True):
        assert image.shape == (height, width, 4)
        to_camera = np.linalg.inv(view["camera_to_world"])
        local = normalised_marks() @ to_camera[:3, :3].T + to_camera[:3, 3]
        assert (local[:, 2] < 0).all()  # OpenGL: in front is -z
        seen = (local * [1, -1, -1]) @ np.array(view["intrinsics"]).T
        places = seen[:, :2] / seen[:, 2:]
        alpha = image[..., 3]
        rows, columns = np.nonzero(alpha > 0.02)
        weights = alpha[rows, columns]
        spots = np.stack([columns, rows], axis=1) + 0.5
        gaps = np.linalg.norm(spots[:, None] - places[None], axis=2)
        near = gaps.argmin(axis=1)
        assert gaps.min(axis=1).max() < 4.0  # nothing is seen anywhere else
        inside = (places > 3).all(axis=1) & (places < np.array(resolution) - 3).all(axis=1)
        assert inside.sum() >= 3
        for mark in np.nonzero(inside)[0]:
            alone = np.delete(np.linalg.norm(places - places[mark], axis=1), mark).min() > 8
            if not alone:
                continue
            mine = near == mark
            centre = np.average(spots[mine], axis=0, weights=weights[mine])
            assert np.linalg.norm(centre - places[mark]) < 0.5


def test_longest_side_becomes_one_around_the_origin(child, tmp_path):
    # A thin bar of any size and place fills the same pixels.
    shapes = []
    for size, shift in ((1.0, 0.0), (700.0, -5000.0), (0.002, 0.03)):
        corners = [(0, 0, 0), (1, 0, 0), (1, 0.3, 0), (0, 0.3, 0.2)]
        lines = [
            f"v {x * size + shift} {y * size + shift} {z * size + shift}" for x, y, z in corners
        ]
        model = tmp_path / "bar.obj"
        model.write_text("\n".join([*lines, "f 1 2 3 4", "f 4 3 2 1"]))
        shapes.append(
            views_of(child.render(model, tmp_path / f"{size}", small()), tmp_path / f"{size}")
        )
    for other in shapes[1:]:
        for a, b in zip(shapes[0], other, strict=True):
            assert np.abs(a[..., 3] - b[..., 3]).mean() < 2e-3


def test_nothing_leaks_from_one_object_to_the_next(child, blends, samples, tmp_path):
    recipe = small(colour={"view_transform": "filmic"})
    first = child.render(samples / "crate.obj", tmp_path / "a", recipe)
    for number, between in enumerate(("hostile.blend", "sphere.blend")):
        child.render(blends / between, tmp_path / f"b{number}", small(resolution=32, samples=2))
    again = child.render(samples / "crate.obj", tmp_path / "c", recipe)
    assert_same(first, tmp_path / "a", again, tmp_path / "c")


def test_two_children_agree_to_the_byte(child, blender, samples, tmp_path):
    recipe = small(colour={"view_transform": "filmic"}, cycles={"denoise": True})
    first = child.render(samples / "pawn.glb", tmp_path / "a", recipe)
    with Driver(COMMANDS[blender], tmp_path / "log") as other:
        second = other.render(samples / "pawn.glb", tmp_path / "b", recipe)
    assert_same(first, tmp_path / "a", second, tmp_path / "b")


def assert_same(one, one_scratch, two, two_scratch):
    for a, b in zip(views_of(one, one_scratch), views_of(two, two_scratch), strict=True):
        assert a.tobytes() == b.tobytes()
    for a, b in zip(one["views"], two["views"], strict=True):
        assert a == b
        name = a["files"]["display"]
        assert shown(one_scratch / name).tobytes() == shown(two_scratch / name).tobytes()
    assert one["scene"] == two["scene"]
    assert one["runtime"] == two["runtime"]


def shown(path):
    """Pixels of a display picture; Blender writes when it was made after them."""
    with Image.open(path, formats=["TGA"]) as image:
        assert image.mode == "RGBA"
        return np.asarray(image)


def test_views_of_an_object_differ_and_so_do_seeds(child, samples, tmp_path):
    one = child.render(samples / "crate.obj", tmp_path / "a", small())
    two = child.render(samples / "crate.obj", tmp_path / "b", small(seed=1))
    matrices = [view["camera_to_world"] for view in one["views"] + two["views"]]
    assert all(a != b for i, a in enumerate(matrices) for b in matrices[:i])


def test_display_is_straight_alpha_eight_bits(child, samples, tmp_path):
    recipe = small(views=1, resolution=[48, 64], colour={"view_transform": "filmic"})
    answer = child.render(samples / "monkey.fbx", tmp_path, recipe)
    raw = views_of(answer, tmp_path)[0]
    (view,) = answer["views"]
    picture = framed(shown(tmp_path / view["files"]["display"]), view) / 255
    assert picture.shape == (64, 48, 4)
    assert np.abs(picture[..., 3] - raw[..., 3]).max() < 1 / 128
    # At an edge straight colour is as bright as the surface beside it, not faded by its alpha.
    edge = (raw[..., 3] > 0.2) & (raw[..., 3] < 0.6)
    whole = raw[..., 3] == 1.0
    assert picture[edge][:, :3].max(axis=1).mean() > 0.6 * picture[whole][:, :3].max(axis=1).mean()


def test_standard_needs_no_display(child, samples, tmp_path):
    answer = child.render(samples / "gear.stl", tmp_path, small(views=1))
    assert answer["views"][0]["files"] == {"passes": "000.exr"}
    assert [path.name for path in tmp_path.iterdir()] == ["000.exr"]
