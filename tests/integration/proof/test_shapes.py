"""A sphere, a cube and a plane of known size: every data image against geometry.

One render of each, perspective and orthographic, gives every kind of image; they are read from
the zip as their metadata says.
"""

import json

import numpy as np
import pytest

from tests.proof_helpers import box, iou, project, rays, see, to_srgb, unprojected

CLAY = (0.5, 0.35, 0.25)
FAR = 5.0
STEP = FAR / 65535
IMAGES = [
    "colour", "colour-exr", "depth", "depth-exr", "depth-npy", "normal", "normal-16", "normal-exr",
    "albedo", "alpha", "metallic", "roughness", "mask", "index-object", "index-material",
    "position-exr",
]  # fmt: skip
PROJECTIONS = ("perspective", "orthographic")
TILT = np.radians(60)
PLANE = np.array([[[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0]],
                  [[-0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]]]) @ np.array(
    [[1, 0, 0], [0, np.cos(TILT), np.sin(TILT)], [0, -np.sin(TILT), np.cos(TILT)]]
)  # fmt: skip
SHAPES = {"sphere": None, "cube": box(), "tilted": PLANE}
CASES = [(name, projection) for name in SHAPES for projection in PROJECTIONS]


def shoot(studio, name, projection, **keys):
    camera = {"projection": projection, "ortho_scale": 1.9}
    return studio.shoot(
        f"{name}.glb",
        views=3, samples=16, images=IMAGES, camera=camera, depth={"far": FAR}, **keys,
    )  # fmt: skip


def see_sphere(view, radius=0.5, sub=5):
    """Coverage, and depth and normal at pixel centres, of a sphere at the origin."""
    start, way = rays(view, sub)
    a, b = (way * way).sum(-1), (start * way).sum(-1)
    inside = b * b - a * ((start * start).sum(-1) - radius * radius)
    hit = (inside >= 0).reshape(view.height, sub, view.width, sub).mean(axis=(1, 3))
    middle = slice(sub // 2, None, sub)
    with np.errstate(invalid="ignore"):
        depth = ((-b - np.sqrt(inside)) / a)[middle, middle]
    point = start[middle, middle] + depth[..., None] * way[middle, middle]
    return hit, np.where(np.isnan(depth), np.inf, depth), point / radius


def expected(name, view):
    """Coverage; depth, normal at pixel centres; where the pixel filter sees one surface only."""
    if name == "sphere":
        coverage, depth, normal = see_sphere(view)
        return coverage, depth, normal, eroded(coverage == 1, normal, 180.0)
    seen = see(SHAPES[name], view, sub=5)
    return seen.coverage, seen.depth, seen.normal, eroded(seen.flat, seen.normal, 1.0)


def eroded(mask, normal, least):
    """Pixels whose eight neighbours are in the mask too, their normals within `least` degrees."""
    kept = mask.copy()
    for rows in (-1, 0, 1):
        for columns in (-1, 0, 1):
            beside = np.roll(normal, (rows, columns), axis=(0, 1))
            kept &= np.roll(mask, (rows, columns), axis=(0, 1)) & (angles(normal, beside) <= least)
    kept[[0, -1]] = kept[:, [0, -1]] = False
    return kept


def angles(one, two):
    """Degrees between unit vectors."""
    with np.errstate(invalid="ignore"):
        return np.degrees(np.arccos(np.clip((one * two).sum(-1), -1, 1)))


def plain(figures: dict) -> dict[str, float]:
    """Figures that xdist can carry: it knows no numpy."""
    return {name: float(figure) for name, figure in figures.items()}


def depths_of(shot, view):
    """The depth of a view as each of its files tells it."""
    stored = shot.image(f"{view.name}_depth.png")
    return {
        "exr": shot.image(f"{view.name}_depth.exr")[..., 0],
        "npy": shot.image(f"{view.name}_depth.npy"),
        "16 bit": np.where(stored == 65535, np.inf, stored * STEP),
    }


def depth_errors(read, wanted):
    """The largest error of each file of `depths_of`, which is small, and its background is none."""
    coverage, depth, _, _ = wanted
    inside = coverage == 1
    assert inside.sum() > 100
    errors = {key: np.abs(value[inside] - depth[inside]).max() for key, value in read.items()}
    for key, error in errors.items():
        assert error <= 1e-3 + (STEP / 2 if key == "16 bit" else 0)
        assert np.isinf(read[key][coverage == 0]).all()
    return errors


@pytest.mark.parametrize(("name", "projection"), CASES)
def test_depth(studio, name, projection, record_property):
    shot = shoot(studio, name, projection)
    worst = dict.fromkeys(("exr", "npy", "16 bit"), 0.0)
    for view in shot.views:
        stored = shot.image(f"{view.name}_depth.png")
        assert stored.dtype in (np.uint16, np.int32)
        read = depths_of(shot, view)
        for key, error in depth_errors(read, expected(name, view)).items():
            worst[key] = max(worst[key], error)
        exact = np.where(np.isinf(read["npy"]), 65535, np.rint(read["npy"].astype(float) / STEP))
        assert np.array_equal(stored, exact)  # the encoding adds its rounding and no more
    record_property("worst depth error", plain(worst))


@pytest.mark.parametrize(("name", "projection"), CASES)
def test_normals(studio, name, projection, record_property):
    shot = shoot(studio, name, projection)
    worst = dict.fromkeys(("8 bit", "16 bit", "exr"), 0.0)
    for view in shot.views:
        _, _, normal, flat = expected(name, view)
        assert flat.sum() > 100
        read = {
            "8 bit": shot.image(f"{view.name}_normal.png") / 255 * 2 - 1,
            "16 bit": shot.image(f"{view.name}_normal16.png") / 65535 * 2 - 1,
            "exr": shot.image(f"{view.name}_normal.exr"),
        }
        for key, value in read.items():
            found = value[flat] / np.linalg.norm(value[flat], axis=-1, keepdims=True)
            error = angles(found, normal[flat]).max()
            worst[key] = max(worst[key], error)
            assert error < 1.0
        np.testing.assert_allclose(np.linalg.norm(read["exr"][flat], axis=-1), 1, atol=1e-5)
    record_property(
        "worst normal error, degrees", {key: float(error) for key, error in worst.items()}
    )


@pytest.mark.parametrize("name", SHAPES)
def test_normals_in_the_cameras_axes_are_the_same_turned(studio, name):
    shot = shoot(studio, name, "perspective")
    own = shoot(studio, name, "perspective", normal={"space": "camera"})
    for view in shot.views:
        rotation = np.array(view.camera_to_world)[:3, :3]
        world = shot.image(f"{view.name}_normal.exr")
        camera = own.image(f"{view.name}_normal.exr")
        np.testing.assert_allclose(camera @ rotation.T, world, atol=1e-5)
        seen = shot.image(f"{view.name}_mask.png") > 0
        assert (camera[seen][:, 2] > -0.3).all()  # towards the camera


@pytest.mark.parametrize(("name", "projection"), CASES)
def test_mask(studio, name, projection, record_property):
    shot = shoot(studio, name, projection)
    worst = 1.0
    for view in shot.views:
        _, depth, _, _ = expected(name, view)
        mask = shot.image(f"{view.name}_mask.png")
        assert set(np.unique(mask)) == {0, 255}
        worst = min(worst, iou(mask > 0, np.isfinite(depth)))
        assert np.array_equal(mask > 0, np.isfinite(shot.image(f"{view.name}_depth.npy")))
    record_property("worst mask IoU", float(worst))
    assert worst >= 0.995


@pytest.mark.parametrize(("name", "projection"), CASES)
def test_alpha_is_the_share_of_the_pixel_that_is_covered(studio, name, projection):
    shot = shoot(studio, name, projection)
    for view in shot.views:
        coverage = expected(name, view)[0]
        alpha = shot.image(f"{view.name}.png")[..., 3] / 255
        assert alpha[coverage == 1].min() > 0.7
        assert alpha[coverage == 0].max() < 0.3
        edge = (coverage > 0) & (coverage < 1)
        assert abs((alpha - coverage)[edge].mean()) < 0.05


@pytest.mark.parametrize(("name", "projection"), CASES)
def test_material(studio, name, projection):
    shot = shoot(studio, name, projection)
    colour = np.rint(to_srgb(CLAY) * 255)
    for view in shot.views:
        inside = expected(name, view)[0] == 1
        albedo = shot.image(f"{view.name}_albedo.png").astype(int)
        seen = albedo[..., 3] > 0
        assert np.abs(albedo[seen][:, :3] - colour).max() <= 1  # at the edges as well
        assert (albedo[inside][:, 3] > 200).all()
        assert (shot.image(f"{view.name}_MatAlpha.png")[inside] == 65535).all()
        assert (shot.image(f"{view.name}_metallic.png")[inside] == 0).all()
        assert np.abs(shot.image(f"{view.name}_roughness.png")[inside] - 0.6 * 255).max() <= 1


@pytest.mark.parametrize(("name", "projection"), CASES)
def test_position_depth_and_camera_agree(studio, name, projection, record_property):
    shot = shoot(studio, name, projection)
    cameras = json.loads(shot.members["cameras.json"])["views"]
    worst = 0.0
    for view, camera in zip(shot.views, cameras, strict=True):
        depth = shot.image(f"{view.name}_depth.npy")
        position = shot.image(f"{view.name}_position.exr")
        seen = np.isfinite(depth)
        assert np.isnan(position[~seen]).all()
        inside = expected(name, view)[0] == 1
        gap = np.linalg.norm(unprojected(depth, camera)[inside] - position[inside], axis=-1)
        worst = max(worst, gap.max())
        where = project(position[inside].astype(float), view)
        middles = np.argwhere(inside)[:, ::-1] + 0.5
        assert np.abs(where[:, :2] - middles).max() < 0.05
    record_property("worst gap of position", float(worst))
    assert worst < 1e-3


def test_every_view_is_the_camera_that_was_asked_for(studio):
    shot = shoot(studio, "cube", "perspective")
    for view in shot.views:
        k, pose = np.array(view.intrinsics), np.array(view.camera_to_world)
        focal = 32 / np.tan(np.radians(49.1343) / 2)
        np.testing.assert_allclose(k, [[focal, 0, 32], [0, focal, 32], [0, 0, 1]], atol=1e-9)
        assert 1.5 <= np.linalg.norm(pose[:3, 3]) <= 2.2
        np.testing.assert_allclose(pose[:3, 2] * np.linalg.norm(pose[:3, 3]), pose[:3, 3])
