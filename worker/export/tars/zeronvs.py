"""Layout of ZeroNVS (kylesargent/ZeroNVS), for its ``re10k`` reader.

    <category>/<uid>/frame<nnnnnn>.png            RGB 256x256, on white or black
    <category>/<uid>/frame<nnnnnn>_depth.png      planar Z as the bits of an IEEE float16, 0 where
                                                  nothing is visible
    <category>/<uid>/frame<nnnnnn>_metadata.json  extrinsics: 4x4 camera-to-world, OpenGL axes;
                                                  intrinsics: 3x3 inverse of K in pixels, fx = fy

Frames are numbered from 1. The reader yields a scene only when the next one begins, so each shard
ends with a scene that has a camera and no image: it makes the reader yield the last scene, and the
reader skips it because it has no image.

Images of other sizes are cropped to the centre square and resized, and K is adjusted. Depth is
resized by nearest neighbour.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.codecs import camera_conventions, json_file, png
from worker.core.errors import Unsupported
from worker.export import images
from worker.export.camera_model import Camera
from worker.export.tars.base import Choices, Members, TarLayout, no_dots
from worker.export.zips import RenderZip
from worker.pack.kinds.colour import BACKGROUNDS, over
from worker.pack.kinds.depth import to_half_bits

SIDE: Final = 256
SQUARE: Final = 1e-6
"""Largest relative difference of fx and fy."""
MIN_VIEWS: Final = 2
"""The reader trains on pairs."""
END: Final = "end"


def members(zipped: RenderZip, choices: Choices) -> Members:
    """Make one object's members. Raises: Unsupported, RenderFailed."""
    if len(zipped.views) < MIN_VIEWS:
        raise Unsupported("the object has one view; ZeroNVS trains on pairs of views")
    about = zipped.metadata.metadata
    category = about.get("synset") if isinstance(about, dict) else None
    folder = f"{no_dots(str(category or choices.category), 'the category')}/{zipped.uid}"
    made: Members = []
    for number, view in enumerate(zipped.views, 1):
        name = f"{folder}/frame{number:06d}"
        made += [
            (f"{name}.png", png.encode(_picture(zipped, view, choices.background))),
            (f"{name}_depth.png", png.encode(_depth(zipped, view))),
            (f"{name}_metadata.json", _camera(view)),
        ]
    return made


def last(shard: str) -> Members:
    """The scene without images that ends a shard."""
    camera = {"extrinsics": np.eye(4).tolist(), "intrinsics": np.eye(3).tolist()}
    return [(f"{END}/{shard}/frame000001_metadata.json", json_file.json_file(camera))]


def _crop(view: Camera) -> tuple[int, int, int]:
    """Left, top and side of the centre square, in pixels."""
    side = min(view.size)
    return (view.width - side) // 2, (view.height - side) // 2, side


def _picture(zipped: RenderZip, view: Camera, background: str) -> NDArray[np.uint8]:
    left, top, side = _crop(view)
    pixels = images.picture(zipped, view, background)[top : top + side, left : left + side]
    if side != SIDE:
        # Pillow weights colours by alpha when resizing RGBA, so transparent pixels do not bleed.
        image = Image.fromarray(np.ascontiguousarray(pixels))
        pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    if pixels.shape[2] == 3:  # noqa: PLR2004 - on its background already
        return np.ascontiguousarray(pixels)
    return over(pixels, BACKGROUNDS[background])


def _depth(zipped: RenderZip, view: Camera) -> NDArray[np.uint16]:
    left, top, side = _crop(view)
    nearest = ((np.arange(SIDE) + 0.5) * side / SIDE).astype(np.intp)
    z = images.depth(zipped, view)[np.ix_(top + nearest, left + nearest)]
    return to_half_bits(z)


def _camera(view: Camera) -> bytes:
    left, top, side = _crop(view)
    k = np.array(view.K)
    if view.projection != "perspective" or abs(k[0, 0] / k[1, 1] - 1) > SQUARE:
        raise Unsupported(f"view {view.name} is not perspective with square pixels")
    k[:2, 2] -= (left, top)
    k[:2] *= SIDE / side
    k[1, 1] = k[0, 0]
    camera = {
        "extrinsics": view.camera_to_world,
        "intrinsics": camera_conventions.inverse_intrinsics(k).tolist(),
    }
    return json_file.json_file(camera)


def _endings(key: str) -> frozenset[str]:
    return frozenset({"json" if key.endswith("_metadata") else "png"})


LAYOUT: Final = TarLayout(members=members, last=last, endings=_endings)
