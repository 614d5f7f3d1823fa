"""Hard surfaces: colours at points or nowhere, missing pictures, holes, glow, metal, backs."""

import numpy as np
import pytest

from tests import blenders
from tests.proof_helpers import project, to_srgb

DATA = ["colour", "depth-npy", "normal-exr", "albedo", "alpha", "metallic", "roughness", "mask"]
ABOVE = {"layout": "fixed", "fixed": [[0.01, -0.6, 2], [0.3, 0.7, 1.9]]}


def albedo_of(shot, number=0):
    """Linear-free: sRGB 8-bit colours of the pixels that are wholly covered, (N,3)."""
    image = shot.image(f"{number:03d}_albedo.png").astype(int)
    return image[image[..., 3] == 255][:, :3]


def eight_bits(linear):
    return np.rint(to_srgb(linear) * 255).astype(int)


@pytest.mark.parametrize("suffix", ["glb", "blend"])
def test_colours_at_the_points_run_from_end_to_end(studio, suffix):
    shot = studio.shoot(f"vertex_colours.{suffix}", images=DATA)
    ends = np.array([[0.8, 0.05, 0.05], [0.05, 0.05, 0.8]])
    for view in shot.views:
        albedo = shot.image(f"{view.name}_albedo.png")
        depth = shot.image(f"{view.name}_depth.npy")
        solid = (albedo[..., 3] == 255) & np.isfinite(depth)
        pixels = np.argwhere(solid)[:, ::-1] + 0.5
        k, pose = np.array(view.intrinsics), np.array(view.camera_to_world)
        rays = np.c_[(pixels - k[:2, 2]) / [k[0, 0], -k[1, 1]], -np.ones(len(pixels))]
        x = (rays * depth[solid][:, None] @ pose[:3, :3].T + pose[:3, 3])[:, 0]
        share = np.clip(x + 0.5, 0, 1)[:, None]
        wanted = to_srgb(ends[0] * (1 - share) + ends[1] * share) * 255
        assert len(x) > 50
        assert np.median(np.abs(albedo[solid][:, :3] - wanted)) <= 2
        assert np.ptp(x) > 0.3


@pytest.mark.parametrize(
    ("name", "colour"),
    [("no_nodes.blend", (0.6, 0.2, 0.05)), ("no_material.glb", None)],
)
def test_without_nodes_or_material_there_is_a_colour(studio, name, colour):
    model = studio.sample(name)
    if colour is not None and not blenders.BLENDERS[studio.blender].old_materials:
        model = blenders.make_samples("bpy", studio.folder / "earlier", name) / name
    shot = studio.shoot(model, images=DATA)
    for number in range(2):
        found = albedo_of(shot, number)
        assert len(found) > 100
        if colour is not None:
            assert np.abs(found - eight_bits(colour)).max() <= 1
        assert np.ptp(found, axis=0).max() <= 1
        assert found.min() > 50
        lit = shot.raw(number)
        assert lit[lit[..., 3] == 1][:, :3].mean() > 0.05


@pytest.mark.parametrize("suffix", ["obj", "fbx", "blend"])
def test_a_missing_picture_is_recorded_and_its_colour_is_seen(studio, suffix):
    shot = studio.shoot(f"missing_texture.{suffix}", images=DATA, camera=ABOVE)
    missing = shot.facts["missing_textures"]
    assert missing["count"] == 1
    assert missing["files"] == ["absent.png"]
    colour = missing["file_path_to_color"]["absent.png"]
    assert len(colour) == 4
    found = albedo_of(shot)
    assert len(found) > 100
    assert np.abs(found - eight_bits(colour[:3])).max() <= 1


@pytest.mark.parametrize("suffix", ["glb", "blend"])
def test_a_pane_of_alpha_under_one_half_is_there(studio, suffix):
    shot = studio.shoot(f"pane.{suffix}", images=DATA, camera=ABOVE, samples=32)
    for number, view in enumerate(shot.views):
        places = np.array([[x, y, 0] for x in (-1 / 3, 0, 1 / 3) for y in (-0.2, 0.2)], float)
        u, v, depth = project(places, view).T
        at = (v.astype(int), u.astype(int))
        thirds = np.repeat([1.0, 0.3, 0.0], 2)
        there = thirds > 0
        # The plane's depth varies within the pixel, by which the place asked for is off its centre.
        found = shot.image(f"{view.name}_depth.npy")[at]
        np.testing.assert_allclose(found[there], depth[there], atol=0.02)
        assert np.isinf(found[~there]).all()
        assert (shot.image(f"{view.name}_mask.png")[at] == there * 255).all()
        normal = shot.image(f"{view.name}_normal.exr")[at]
        up = np.sign(view.camera_to_world[2][3])
        np.testing.assert_allclose(normal[there], [[0, 0, up]] * 4, atol=1e-3)
        np.testing.assert_allclose(normal[~there], 0)
        material = shot.image(f"{view.name}_MatAlpha.png")[at] / 65535
        np.testing.assert_allclose(material[there], thirds[there], atol=1 / 255)
        assert np.abs(shot.raw(number)[at][:, 3] - thirds).max() < 0.3  # 32 samples of 0.3
        albedo = shot.image(f"{view.name}_albedo.png")[at]
        # Blender may hold a straight picture premultiplied, in 8 bits.
        finest = 1 / thirds[there][:, None]
        assert (np.abs(albedo[there].astype(int) - [204, 204, 204, 255]) <= finest).all()


def test_a_rectangle_is_seen_from_behind(studio):
    both = {"layout": "fixed", "fixed": [[0.4, -1, 1.5], [0.4, -1, -1.5]]}
    shot = studio.shoot("one_sided.glb", images=DATA, camera=both)
    for number, view in enumerate(shot.views):
        lit = shot.raw(number)
        solid = lit[..., 3] == 1
        assert solid.sum() > 100
        assert lit[solid][:, :3].mean() > 0.05
        normal = shot.image(f"{view.name}_normal.exr")[solid]
        np.testing.assert_allclose(normal.mean(axis=0), [0, 0, 1 - 2 * number], atol=1e-3)
        assert np.abs(albedo_of(shot, number) - eight_bits((0.5, 0.35, 0.25))).max() <= 1


def test_what_glows_shines_in_the_dark(studio):
    shot = studio.shoot("glowing.glb", lights={"rig": "none"}, samples=16)
    for number in range(2):
        image = shot.raw(number)
        lamp = image[..., 1] > 3.99
        assert lamp.sum() > 5
        assert np.abs(image[lamp] - [0.4, 4.0, 0.4, 1.0]).max() < 0.05
        foot = (image[..., 3] == 1) & (image[..., 1] < 1.0)
        assert foot.sum() > 20  # and its light falls on the rest
        assert 0 < image[foot][:, 1].mean() < 1


def test_metals_keep_their_numbers_and_colour(studio):
    camera = {"layout": "fixed", "fixed": [[0.01, -2, 0.3]]}
    shot = studio.shoot("metals.glb", views=1, images=DATA, camera=camera)
    centres = np.array([[x / 4, -0.125, 0] for x in (-1.5, 0, 1.5)])
    u, v, _ = project(centres, shot.views[0]).astype(int).T
    metallic = shot.image("000_metallic.png")[v, u]
    roughness = shot.image("000_roughness.png")[v, u]
    np.testing.assert_allclose(metallic, np.array([0.2, 1.0, 0.0]) * 255, atol=1)
    np.testing.assert_allclose(roughness, np.array([0.7, 0.1, 0.4]) * 255, atol=1)
    albedo = shot.image("000_albedo.png")[v, u, :3].astype(int)
    assert np.abs(albedo - eight_bits((0.7, 0.6, 0.4))).max() <= 1
