"""What a real Blender leaves is read to the bit as OpenEXR and Pillow read it."""

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.integration.blender.driver import small
from worker.codecs import targa
from worker.codecs.exr import ExrFile
from worker.contract import render_passes
from worker.contract.recipe import IMAGES

FRONT = {"layout": "fixed", "fixed": [[0.3, -3, 0.5]]}


def assert_same(scratch, view, images):
    """Every pass of `images` in the view's raw files, and its display image."""
    width, height = view["window"][2:]
    path = scratch / view["files"]["passes"]
    wanted = OpenEXR.File(str(path), separate_channels=True).channels()
    with path.open("rb") as file:
        read = ExrFile(file, width, height, flat=True)
        for each in render_passes.passes(images):
            pixels = read.layer(each.layer, each.components)
            for number, component in enumerate(each.components):
                (channel,) = [
                    channel.pixels
                    for name, channel in wanted.items()
                    if name.partition(".")[2] == f"{each.layer}.{component}"
                ]
                np.testing.assert_array_equal(pixels[..., number], channel)
    with (scratch / view["files"]["display"]).open("rb") as file:
        pixels = targa.read(file, width, height)
    with Image.open(scratch / view["files"]["display"], formats=["TGA"]) as image:
        np.testing.assert_array_equal(pixels, np.asarray(image))
    assert pixels[..., 3].any()


@pytest.mark.parametrize(
    ("region", "denoise"),
    [(True, False), (False, False), (False, True)],  # what is denoised is rendered as a whole
    ids=["region", "frame", "denoised"],
)
def test_raw_files_of_all_image_kinds(child, samples, tmp_path, region, denoise):
    if denoise and not child.ready["denoisers"]:
        pytest.skip("this Blender has no denoiser")
    camera = FRONT if region else {**FRONT, "fixed": [[0, -0.1, 0]]}  # from inside it
    recipe = small(
        views=1, resolution=[51, 38], images=[kind for kind in IMAGES if kind != "depth-f16"],
        camera=camera, colour={"view_transform": "filmic"}, cycles={"denoise": denoise},
    )  # fmt: skip
    answer = child.render(samples / "pawn.glb", tmp_path, recipe)
    (view,) = answer["views"]
    assert (view["window"][2:] != [51, 38]) == region
    assert_same(tmp_path, view, IMAGES)
