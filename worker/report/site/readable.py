"""Image kinds as pictures for the eye: depth, normals, masks and numbers in readable colours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import srgb
from worker.export import images
from worker.export.camera_model import Camera
from worker.export.zips import RenderZip

Pixels = NDArray[np.uint8]

TURBO: Final = np.array(
    [
        [0.13572138, 4.61539260, -42.66032258, 132.13108234, -152.94239396, 59.28637943],
        [0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604],
        [0.10667330, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973],
    ]
)
"""Coefficients of the colour map Turbo (Mikhailov 2019), red, green and blue, of t to the power
0 to 5."""
HUES: Final = np.array(
    [
        (31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189),
        (140, 86, 75), (227, 119, 194), (127, 127, 127), (188, 189, 34), (23, 190, 207),
    ],
    np.uint8,
)  # fmt: skip
NEAR: Final = 0.95
"""Where the nearest depth lies on the colour map, and, from its other end, the farthest."""


class Picture(msgspec.Struct, frozen=True):
    """An image kind of a view, to look at."""

    pixels: Pixels
    """(height, width, 3 or 4), sRGB with straight alpha."""
    note: str = ""
    """What its colours mean."""
    exact: bool = False
    """Whether colours in between mean nothing, as of numbers."""


def picture(zipped: RenderZip, view: Camera, kind: str) -> Picture:
    """One image kind of a view. Raises: ObjectError."""
    return KINDS[kind](zipped, view, kind)


def _colour(zipped: RenderZip, view: Camera, _: str) -> Picture:
    return Picture(images.picture(zipped, view))


def _colour_exr(zipped: RenderZip, view: Camera, kind: str) -> Picture:
    rgba = images.stored_exr(zipped, view, kind, "RGBA")
    alpha = np.clip(np.nan_to_num(rgba[..., 3:]), 0, 1)
    straight = np.divide(rgba[..., :3], alpha, out=np.zeros_like(rgba[..., :3]), where=alpha > 0)
    pixels = np.concatenate([srgb.encode(straight), _eight(alpha)], axis=-1)
    return Picture(pixels, "linear light as sRGB, clipped")


def _depth(zipped: RenderZip, view: Camera, kind: str) -> Picture:
    z = images.depth(zipped, view, (kind,))
    seen = np.isfinite(z)
    if not seen.any():
        return Picture(_with_alpha(np.zeros((*z.shape, 3)), seen), "nothing seen")
    near, far = float(z[seen].min()), float(z[seen].max())
    share = np.where(seen, (z - near) / max(far - near, 1e-12), 0)
    t = NEAR - (2 * NEAR - 1) * share
    powers = t[..., None] ** np.arange(6)
    colours = np.einsum("...p,cp->...c", powers, TURBO)
    return Picture(_with_alpha(colours, seen), f"red {near:.3f} to blue {far:.3f} world units")


def _normal(zipped: RenderZip, view: Camera, kind: str) -> Picture:
    normals = images.normal(zipped, view, (kind,))
    return Picture(
        _with_alpha(normals / 2 + 0.5, normals.any(axis=-1)), "x, y, z of the world as RGB"
    )


def _albedo(zipped: RenderZip, view: Camera, _: str) -> Picture:
    return Picture(images.albedo(zipped, view), "base colour, unlit")


def _grey(zipped: RenderZip, view: Camera, kind: str, mode: str, top: int, note: str) -> Picture:
    value = images.stored(zipped, view, kind, mode).astype(np.float64) / top
    return Picture(_eight(np.repeat(value[..., None], 3, axis=-1)), note)


def _mask(zipped: RenderZip, view: Camera, _: str) -> Picture:
    seen = images.mask(zipped, view)
    return Picture(_eight(np.repeat(seen[..., None], 3, axis=-1)), "white: the object", exact=True)


def _index(zipped: RenderZip, view: Camera, kind: str) -> Picture:
    numbers = images.stored(zipped, view, kind, "I;16").astype(np.int64)
    count = len(np.unique(numbers[numbers > 0]))
    hues = HUES[(numbers - 1) % len(HUES)] / 255
    return Picture(_with_alpha(hues, numbers > 0), f"a hue per number; {count} seen", exact=True)


def _position(zipped: RenderZip, view: Camera, kind: str) -> Picture:
    place = images.stored_exr(zipped, view, kind, "XYZ")
    seen = np.isfinite(place).all(axis=-1)
    return Picture(_with_alpha(place + 0.5, seen), "x, y, z of the world, -0.5 to 0.5, as RGB")


def _with_alpha(colours: NDArray[Any], seen: NDArray[np.bool_]) -> Pixels:
    """(height, width, 4), transparent where nothing is seen."""
    clean = np.where(seen[..., None], np.nan_to_num(colours), 0)
    return np.concatenate([_eight(clean), _eight(seen[..., None])], axis=-1)


def _eight(share: NDArray[Any]) -> Pixels:
    eight: Pixels = np.rint(np.clip(np.asarray(share, np.float64), 0, 1) * 255).astype(np.uint8)
    return eight


KINDS: Final[dict[str, Callable[[RenderZip, Camera, str], Picture]]] = {
    "colour": _colour,
    "colour-exr": _colour_exr,
    "depth": _depth,
    "depth-exr": _depth,
    "depth-npy": _depth,
    "depth-f16": _depth,
    "normal": _normal,
    "normal-16": _normal,
    "normal-exr": _normal,
    "albedo": _albedo,
    "alpha": partial(_grey, mode="I;16", top=65535, note="white: opaque"),
    "metallic": partial(_grey, mode="L", top=255, note="white: metal"),
    "roughness": partial(_grey, mode="L", top=255, note="white: rough"),
    "mask": _mask,
    "index-object": _index,
    "index-material": _index,
    "position-exr": _position,
}
"""How each image kind is shown."""
FIRST: Final = ("colour", "albedo", "colour-exr", "normal", "normal-16", "normal-exr")
"""The kinds that a thumbnail prefers."""
