"""Camera conventions, each against points whose place is known without any matrix."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.raw_views import intrinsics, look_at_origin
from worker.codecs import camera_conventions

K = intrinsics(640, 480, 60.0)
ABOVE = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 2], [0, 0, 0, 1]], float)
"""A camera at (0, 0, 2) that looks down, its right along world x, its up along world y."""
FRONT = np.array([[1, 0, 0, 0], [0, 0, -1, -3], [0, 1, 0, 0], [0, 0, 0, 1]], float)
"""A camera at (0, -3, 0) that looks along world y, its up along world z."""

poses = st.tuples(*[st.floats(-2, 2)] * 3).filter(lambda p: math.hypot(*p[:2]) > 0.1)


def homogeneous(point):
    return np.append(point, 1.0)


@pytest.mark.parametrize(
    ("pose", "point", "seen"),
    [
        (ABOVE, (0, 0, 0), (0, 0, -2)),
        (ABOVE, (1, 0, 0), (1, 0, -2)),
        (ABOVE, (0, 1, 0), (0, 1, -2)),
        (FRONT, (0, 0, 0), (0, 0, -3)),
        (FRONT, (1, 0, 0), (1, 0, -3)),
        (FRONT, (0, 0, 1), (0, 1, -3)),
        (FRONT, (0, 1, 0), (0, 0, -4)),
    ],
)
def test_world_to_camera_sees_points_in_blender_axes(pose, point, seen):
    matrix = camera_conventions.world_to_camera_3x4(pose)
    assert matrix.shape == (3, 4)
    assert matrix.dtype == np.float64
    np.testing.assert_allclose(matrix @ homogeneous(point), seen, atol=1e-12)
    y_down = np.array(seen) * [1, -1, -1]
    opencv = camera_conventions.world_to_camera_opencv(pose)
    np.testing.assert_allclose((opencv @ homogeneous(point))[:3], y_down, atol=1e-12)


def test_world_to_camera_is_what_the_published_script_computes():
    # R = rotation of matrix_world transposed, t = -R @ location, spelt out.
    pose = look_at_origin([1.1, -0.7, 0.9])
    rotation, location = pose[:3, :3], pose[:3, 3]
    matrix = camera_conventions.world_to_camera_3x4(pose)
    for i in range(3):
        for j in range(3):
            assert matrix[i, j] == rotation[j, i]
        assert matrix[i, 3] == pytest.approx(-sum(rotation[j, i] * location[j] for j in range(3)))
    np.testing.assert_allclose(-matrix[:, :3].T @ matrix[:, 3], location, atol=1e-12)


def test_shap_e_vectors_are_columns_of_the_camera():
    vectors = camera_conventions.shap_e_vectors(FRONT)
    assert vectors.origin == (0, -3, 0)
    assert vectors.x == (1, 0, 0)
    assert vectors.y == (0, 0, -1)
    assert vectors.z == (0, 1, 0)


@given(poses)
def test_a_camera_that_looks_at_the_origin_sees_it_in_the_middle(location):
    pose = look_at_origin(location)
    distance = np.linalg.norm(location)
    x, y, z = (camera_conventions.world_to_camera_opencv(pose) @ [0, 0, 0, 1])[:3]
    assert z == pytest.approx(distance)
    u, v, w = np.array(K) @ [x, y, z]
    assert (u / w, v / w) == pytest.approx((320, 240), abs=1e-6)
    vectors = camera_conventions.shap_e_vectors(pose)
    np.testing.assert_allclose(vectors.z, -np.array(location) / distance, atol=1e-9)
    assert vectors.y[2] <= 0, "y points down"


@given(poses)
def test_conventions_undo_each_other(location):
    pose = look_at_origin(location)
    opencv = camera_conventions.camera_to_world_opencv(pose)
    np.testing.assert_allclose(
        opencv @ camera_conventions.world_to_camera_opencv(pose), np.eye(4), atol=1e-9
    )
    assert np.linalg.det(opencv[:3, :3]) == pytest.approx(1), "still right-handed"


def test_inverse_intrinsics_and_fov():
    inverse = camera_conventions.inverse_intrinsics(K)
    np.testing.assert_allclose(inverse @ np.array(K), np.eye(3), atol=1e-12)
    skewed = [[500.0, 3.0, 320.0], [0.0, 510.0, 240.0], [0.0, 0.0, 1.0]]
    np.testing.assert_allclose(
        camera_conventions.inverse_intrinsics(skewed) @ np.array(skewed), np.eye(3), atol=1e-12
    )
    x_fov, y_fov = camera_conventions.fov(K, 640, 480)
    assert math.degrees(x_fov) == pytest.approx(60)
    # The edge of the image lies at half the field of view.
    ray = inverse @ [640, 240, 1]
    assert math.atan2(ray[0], ray[2]) == pytest.approx(x_fov / 2)
    ray = inverse @ [320, 480, 1]
    assert math.atan2(ray[1], ray[2]) == pytest.approx(y_fov / 2)
    padded = camera_conventions.intrinsics_4x4(K)
    np.testing.assert_array_equal(padded[:3, :3], K)
    np.testing.assert_array_equal(padded[3], [0, 0, 0, 1])
