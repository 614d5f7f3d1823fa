"""examples/nerf: rays, what is skipped, measures and the film, against analysis."""

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from examples.nerf import film, measuring, scene
from worker import presets
from worker.contract import camera_layouts

FOCAL = 50.0
SHAPE = (24, 32)


def looking(*positions, alpha=0.0):
    """Views from these positions at the origin, of one alpha all over."""
    poses = [camera_layouts.look_at_origin(np.array(position)) for position in positions]
    rgba = np.full((len(poses), *SHAPE, 4), alpha, np.float32)
    return scene.Views(rgba, np.array(poses, np.float32), FOCAL)


def test_its_preset_has_views_to_train_held_out_and_on_a_ring():
    recipe = presets.load(str(Path(scene.__file__).parent / "laptop.toml"))
    assert recipe.splits.counts(recipe.views) == (24, 20, 36)
    assert recipe.splits.ring(recipe.views) == 36
    assert all(str(count) in recipe.summary for count in (24, 20, 36))


def test_a_ray_passes_through_what_its_pixel_shows():
    views = looking((2, 1, 1), (0.1, -3, 0.5))
    starts, ways = scene.rays(views)
    for number, pose in enumerate(views.poses):
        # Points of known pixel and planar depth, by the inverse of the camera.
        for row, column, depth in ((0, 0, 1.0), (11, 16, 2.5), (23, 31, 4.0)):
            x = (column + 0.5 - SHAPE[1] / 2) / FOCAL * depth
            y = -(row + 0.5 - SHAPE[0] / 2) / FOCAL * depth
            point = pose[:3, :3] @ [x, y, -depth] + pose[:3, 3]
            at = starts[number, row, column] + depth * ways[number, row, column]
            np.testing.assert_allclose(at, point, atol=1e-5)


def test_rays_enter_and_leave_the_cube():
    starts = np.array([[3, 0, 0], [3, 0, 0], [3, 5, 0], [0, 0, 0], [3, 0, 0]], np.float32)
    ways = np.array([[-1, 0, 0], [-2, 0, 0], [-1, 0, 0], [0, 0, -1], [1, 0, 0]], np.float32)
    spans = scene.crossing(starts, ways, 1.0)
    np.testing.assert_allclose(spans[:2], [[2, 4], [1, 2]])
    np.testing.assert_allclose(spans[3], [0, 1])
    for missed in (2, 4):
        assert spans[missed, 0] == spans[missed, 1]


def test_the_hull_keeps_what_is_shown_and_drops_what_no_view_shows():
    views = looking((3, 0, 0), (0, 3, 0))
    views.rgba[:, 8:16, 12:20, 3] = 1  # a square about the centre: 4 of 50 pixels, 0.24 at depth 3
    kept = scene.hull(views, 0.5, 41)
    z, y, x = np.meshgrid(*[np.linspace(-0.5, 0.5, 41)] * 3, indexing="ij")
    apart = np.maximum(np.maximum(abs(x), abs(y)), abs(z))
    assert kept[apart < 0.15].all()
    assert not kept[apart > 0.45].any()
    assert scene.hull(looking((3, 0, 0)), 0.1, 5).sum() == 0
    nothing_known = looking((3, 0, 0))
    nothing_known.poses[0, :3, 3] += [0, 100, 0]
    assert scene.hull(nothing_known, 0.1, 5).all()


def test_a_scene_is_read_by_the_formats_rules(tmp_path):
    (tmp_path / "val").mkdir()
    pixels = np.zeros((8, 10, 4), np.uint8)
    pixels[2, 3] = (255, 0, 51, 128)
    Image.fromarray(pixels).save(tmp_path / "val" / "r_0.png")
    pose = np.arange(16.0).reshape(4, 4).tolist()
    frames = [{"file_path": "./val/r_0", "transform_matrix": pose}]
    document = {"camera_angle_x": math.pi / 2, "frames": frames}
    (tmp_path / "transforms_val.json").write_text(json.dumps(document))
    views = scene.read(tmp_path, "val")
    assert views.focal == pytest.approx(5)
    assert views.poses.tolist() == [pose]
    half = 128 / 255
    np.testing.assert_allclose(
        views.on(1.0)[0, 2, 3], [1, 1 - half, 0.2 * half + 1 - half], atol=1e-6
    )
    assert views.on(0.25)[0, 0, 0].tolist() == [0.25] * 3


def test_quality_is_of_all_pixels_and_of_the_objects():
    views = looking((3, 0, 0), (0, 3, 0))
    views.rgba[:, :, :8] = 1  # a quarter of each image is a white object
    colour = np.ones((2, *SHAPE, 3), np.float32)
    colour[:, :, :8] -= np.array([0.1, 0.2], np.float32)[:, None, None, None]
    shown = measuring.Shown(colour, np.ones((2, *SHAPE)), np.ones((2, *SHAPE)))
    found = measuring.quality(shown, views)
    np.testing.assert_allclose(found.object_psnr, [20, 20 - 20 * math.log10(2)], atol=1e-4)
    more = 10 * math.log10(4)
    np.testing.assert_allclose(found.psnr, np.array(found.object_psnr) + more, atol=1e-4)
    assert found.summary()["psnr_db"] == pytest.approx(np.mean(found.psnr), abs=0.01)
    assert found.summary()["worst_psnr_db"] == pytest.approx(min(found.psnr), abs=0.01)


def test_depth_is_compared_where_both_have_it():
    real = np.full((1, 2, 2), 2.0)
    real[0, 0, 0] = np.inf
    learnt = np.array([[[9.0, 2.1], [2.1, 9.0]]])
    opacity = np.array([[[1.0, 1.0], [1.0, 0.1]]])
    shown = measuring.Shown(np.ones((1, 2, 2, 3)), opacity, learnt)
    assert measuring.depth_error(shown, real) == pytest.approx(0.1)


def test_near_and_far_have_the_ends_of_the_colours():
    depth = np.array([[1.0, 3.0, np.inf]], np.float32)
    picture = film.depth_picture(depth, np.isfinite(depth).astype(np.float32), 1.0, 3.0)
    expected = [film.NEAR_TO_FAR[0], film.NEAR_TO_FAR[-1], (1, 1, 1)]
    np.testing.assert_allclose(picture[0], expected, atol=1e-6)


def test_the_film_has_every_frame_and_four_panels():
    panels = [np.full((16, 64, 3), grey, np.float32) for grey in (0.0, 0.3, 0.6, 0.9)]
    frames = [film.frame((panels[0], panels[1]), (panels[2], panels[3]))] * 2
    frames.append(film.frame((panels[3], panels[1]), (panels[2], panels[0])))
    with Image.open(io.BytesIO(film.gif(frames))) as made:
        assert made.info["loop"] == 0
        shown = [np.array(each.convert("L")) for each in ImageSequence.Iterator(made)]
    assert len(shown) == 2  # equal frames are shown as one, for longer
    top, left = film.BAND, 64 + film.GAP
    corners = [(top, 0), (top + 16, 0), (top, left), (top + 16, left)]
    greys = [shown[0][row + 8, column + 32] / 255 for row, column in corners]
    np.testing.assert_allclose(greys, [0, 0.3, 0.6, 0.9], atol=0.02)


@pytest.mark.nerf
def test_a_ray_through_a_slab_is_as_opaque_as_its_thickness():
    torch = pytest.importorskip("torch", reason="torch is not installed: make nerf installs it")
    from examples.nerf import field as fields

    present = torch.zeros(41, 41, 41, dtype=torch.bool)
    present[10:31] = True  # z from -0.5 to 0.5
    field = fields.Field(1.0, present)
    raw = 2.0
    field.values.data[:, 0] = math.log(math.expm1(raw / fields.SHARPNESS)) / fields.HASTE
    field.values.data[:, 1] = 50.0
    assert fields.density(field.values[0, 0]).item() == pytest.approx(raw, rel=1e-4)
    starts, ways = torch.tensor([[0.1, 0.2, 3.0]] * 2), torch.tensor([[0.0, 0, -1], [0.2, 0, -1]])
    spans = torch.tensor(scene.crossing(starts.numpy(), ways.numpy(), 1.0))
    with torch.no_grad():
        shown = field.render(fields.Rays(starts, ways, spans), jitter=False)
    for number, length in enumerate((1.0, math.hypot(1, 0.2))):
        assert shown.opacity[number].item() == pytest.approx(1 - math.exp(-raw * length), abs=0.02)
        # Of an exponential law cut off at the slab's far side.
        thick = raw * length
        mean = 2.5 + 1 / thick - math.exp(-thick) / (1 - math.exp(-thick))
        assert shown.depth[number].item() == pytest.approx(mean, abs=0.02)
        on_white = shown.on(torch.ones(3))[number]
        np.testing.assert_allclose(
            on_white, [1, 1 - 0.5 * shown.opacity[number], 1 - 0.5 * shown.opacity[number]],
            atol=1e-3,
        )  # fmt: skip
