"""Colours against the standard: grey, ramp, patches, alpha; nothing fades at an edge."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from tests.proof_helpers import to_srgb

FRONT = {"layout": "fixed", "fixed": [[0, -2, 0]], "projection": "orthographic", "ortho_scale": 1.0}
"""The unit square in the XZ plane fills the frame to the pixel."""
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
