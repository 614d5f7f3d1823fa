"""Colours against the standard: grey, ramp, patches, alpha; nothing fades at an edge."""

import dataclasses
import io
import itertools

import numpy as np
import pytest
from PIL import Image

from tests.proof_helpers import to_srgb

FRONT = {"layout": "fixed", "fixed": [[0, -2, 0]], "projection": "orthographic", "ortho_scale": 1.0}
"""The unit square in the XZ plane fills the frame to the pixel."""
ASKEW = {"layout": "fixed", "fixed": [[0.5, -1.5, 0.4], [-0.6, -1.4, -0.5]]}
PATCHES = 4


def patch_colours():
    """8-bit sRGB (4,4,3) as the sample has them, row 0 the lowest."""
    numbers = np.arange(16)
    values = np.stack([numbers * 17, numbers * 53 % 256, 255 - numbers * 11], axis=1)
    return values.reshape(4, 4, 3)


def test_mid_grey_is_188(studio):
    assert round(float(to_srgb(0.5)) * 255) == 188
    image = studio.shoot("grey.glb", views=1, camera=FRONT).image("000.png")
    assert (image[1:-1, 1:-1] == [188, 188, 188, 255]).all()


def test_a_stop_is_a_factor_of_two(studio):
    shot = studio.shoot("grey.glb", views=1, camera=FRONT)
    for stops, linear in ((-1.0, 0.25), (1.0, 1.0), (-3.0, 0.0625)):
        colour = dataclasses.replace(shot.recipe.colour, exposure=stops)
        image = opened(shot.packed(colour=colour)["000.png"])
        assert (image[32, 32, :3] == round(float(to_srgb(linear)) * 255)).all()


def test_a_ramp_stays_monotonic_and_exact(studio, record_property):
    shot = studio.shoot("ramp.glb", views=1, resolution=[256, 32], samples=16, camera=FRONT)
    row = shot.image("000.png")[16].astype(int)
    assert (row[1:-1, 3] == 255).all()
    assert (np.diff(row[1:-1, :3], axis=0) >= 0).all()
    error = np.abs(row[1:-1, :3] - np.arange(1, 255)[:, None]).max()
    record_property("ramp error in 255ths", int(error))
    assert error <= 1  # the pixel's filter reaches into its neighbours


@pytest.mark.parametrize("suffix", ["glb"])
def test_albedo_of_a_picture(studio, suffix):
    images = ["colour", "albedo"]
    shot = studio.shoot(f"patches.{suffix}", views=1, camera=FRONT, images=images)
    albedo = shot.image("000_albedo.png").astype(int)
    blocks = albedo.reshape(PATCHES, 16, PATCHES, 16, 4)[:, 3:-3, :, 3:-3]
    wanted = patch_colours()[::-1]  # of an image row 0 is the highest
    assert np.abs(blocks[..., :3] - wanted[:, None, :, None]).max() <= 1
    assert (blocks[..., 3] == 255).all()


def test_edges_keep_their_colour(studio):
    # Straight alpha: however little of a pixel is covered, its colour is the surface's.
    image = studio.shoot("grey.glb", views=4, samples=16).image("000.png")
    for number in range(4):
        image = studio.shoot("grey.glb", views=4, samples=16).image(f"{number:03d}.png")
        edge = (image[..., 3] > 0) & (image[..., 3] < 255)
        assert edge.sum() > 10
        assert np.abs(image[edge][:, :3].astype(int) - 188).max() <= 1
        assert (image[image[..., 3] == 0] == 0).all()


@pytest.mark.parametrize("transform", ["standard", "filmic"])
@pytest.mark.parametrize(("width", "share", "most"), [(0.01, 0.5, 80), (1.5, 0.02, 20)])
def test_the_denoisers_fringe_is_no_wider_than_told(studio, transform, width, share, most):
    # docs/images.md tells of it. The square is of one colour; everything else is the denoiser's.
    for wanted in (True, False):
        shot = studio.shoot(
            "grey.glb", views=len(ASKEW["fixed"]), camera=ASKEW, resolution=96, samples=16,
            cycles={"denoise": wanted, "filter_width": width}, colour={"view_transform": transform},
            lights={"rig": "none"},
        )  # fmt: skip
        denoised = shot.rendered.answer.runtime["denoiser"] is not None
        assert denoised == (wanted and studio.blender != "debian")
        for view in shot.views:
            image = shot.image(f"{view.name}.png").astype(int)
            solid, clear = image[..., 3] == 255, image[..., 3] == 0
            error = np.abs(image[..., :3] - np.median(image[solid][:, :3])).max(axis=-1)
            edge, inside = solid & near(~solid, 1), solid & ~near(~solid, 3)
            assert min(edge.sum(), inside.sum()) > 100
            assert (image[clear] == 0).all()
            assert error[inside].max() <= (3 if denoised else 1)
            assert error[edge].max() <= (most if denoised else 1)
            assert (error[edge] > 8).mean() <= (share if denoised else 0)


def near(mask, pixels):
    """Where a pixel of `mask` (H,W) is no farther than that, also diagonally."""
    for _ in range(pixels):
        shifts = itertools.product((-1, 0, 1), repeat=2)
        mask = np.any([np.roll(mask, shift, (0, 1)) for shift in shifts], axis=0)
    return mask


def test_compositing_over_white_and_black_agrees(studio):
    shot = studio.shoot("cube.glb", samples=16)
    for view in shot.views:
        name = f"{view.name}.png"
        straight = shot.image(name).astype(float)
        alpha = straight[..., 3:] / 255
        made = {}
        for background, value in (("white", 255), ("black", 0)):
            colour = dataclasses.replace(shot.recipe.colour, background=background)
            made[background] = opened(shot.packed(colour=colour)[name]).astype(float)
            assert made[background].shape == (64, 64, 3)
            blended = straight[..., :3] * alpha + value * (1 - alpha)
            assert np.abs(made[background] - blended).max() <= 0.5 + 1e-9
        assert np.abs(255 - (made["white"] - made["black"]) - straight[..., 3:]).max() <= 1


def opened(data):
    return np.asarray(Image.open(io.BytesIO(data)))
