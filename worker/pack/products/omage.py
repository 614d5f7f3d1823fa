"""The product `omage`: the object image at full and reduced size, previews and metadata.json."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.codecs import png, srgb
from worker.codecs.image_formats import RGB, Unreadable
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.core.errors import RenderFailed
from worker.omage import (
    ALBEDO,
    METALLIC,
    NORMAL,
    OMAGE_CHANNELS,
    POSITION,
    ROUGHNESS,
    Omage,
    occupied,
)
from worker.omage import npz_files as stored
from worker.omage.npz_files import NotOmage
from worker.pack import placement, raw
from worker.pack.archive import Member
from worker.pack.products import mesh
from worker.pack.records import metadata
from worker.supervisor.result import RenderedObject

RAW: Final = "omage"
"""The child's raw file: float32 (R, R, 12), nothing else. Also the name of its facts."""
RAW_SMALL: Final = "omage_small"
"""The same of the reduced image."""
PICTURE: Final = 256
"""Maximum width and height of the preview images, in pixels."""


def members(
    rendered: RenderedObject, recipe: Recipe, _threads: int
) -> Generator[Member, None, None]:
    """All files, by name. Raises: RenderFailed."""
    image = _raw(rendered, RAW, recipe.resolution[0])
    if not occupied(image).any():
        raise RenderFailed("the object image is empty: no chart covers a pixel")
    small = recipe.omage.small
    arrays = {
        keys.OMAGE: stored.quantised(image),
        keys.omage_small(small): stored.quantised(_raw(rendered, RAW_SMALL, small)),
    }
    about = {**_about(rendered, recipe), **mesh.about(rendered, recipe)}
    made = [
        Member(name=name, data=stored.encode(array), check=functools.partial(_check, array))
        for name, array in arrays.items()
    ]
    made.append(Member(name=keys.METADATA, data=metadata.write(rendered, {}, recipe, about)))
    for name, draw in zip(keys.OMAGE_PICTURES, DRAWN, strict=True):
        pixels = _picture(draw(image), occupied(image))
        check = functools.partial(_check_picture, (pixels.shape[1], pixels.shape[0]))
        made.append(Member(name=keys.omage_picture(name), data=png.encode(pixels), check=check))
    made += mesh.members(rendered, recipe)
    yield from sorted(made, key=lambda member: member.name)


def _raw(rendered: RenderedObject, kind: str, size: int) -> Omage:
    """Read and check an object image that the child baked, float32 (size, size, 12).

    It is untrusted: the child may have opened a hostile model.

    Raises: RenderFailed.
    """
    placement.of(rendered.answer.scene)
    shape = (size, size, OMAGE_CHANNELS)
    image = raw.flat(rendered.answer.files, kind, rendered.scratch, "the object", shape)
    if not (np.isfinite(image).all() and image.min() >= 0.0 and image.max() <= 1.0):
        raise RenderFailed("the child's object image has values outside 0 to 1")
    return image


def _about(rendered: RenderedObject, recipe: Recipe) -> dict[str, Any]:
    child = rendered.answer.scene.get(RAW)
    facts = dict(child) if isinstance(child, dict) else {}
    small = recipe.omage.small
    return {
        RAW: {
            **facts,
            "files": {
                keys.OMAGE: recipe.resolution[0],
                keys.omage_small(small): small,
            },
            "read": "arr_0 / 65535: (R, R, 12); row 0 is v = 0, pixel (i, j) has uv (j, i)/(R - 1)",
            "channels": {
                "0-2": "position as (p + 1)/2; the object's longest side is 1.9999, Z up",
                "3": "occupancy",
                "4-6": "normal in the same axes as n/2 + 1/2",
                "7-9": "albedo, linear",
                "10": "metallic",
                "11": "roughness",
            },
        }
    }  # fmt: skip


def _check(array: NDArray[np.uint16], data: bytes) -> None:
    try:
        same = np.array_equal(stored.decode(data), array)
    except NotOmage as error:
        raise Unreadable(str(error)) from error
    if not same:
        raise Unreadable("an object image that differs from the one written")


def _check_picture(size: tuple[int, int], data: bytes) -> None:
    RGB.check(data, size)


def _picture(pixels: NDArray[np.uint8], there: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Reduce an image to preview size, row 0 at the top; white where `there` is false."""
    shown = np.where(there[..., None], pixels, np.uint8(255))
    image = Image.fromarray(shown)
    image.thumbnail((PICTURE, PICTURE), Image.Resampling.BOX)
    return np.asarray(image)


def _eight(part: slice) -> Callable[[Omage], NDArray[np.uint8]]:
    return lambda omage: _bytes(omage[..., part])


def _bytes(values: Omage) -> NDArray[np.uint8]:
    stepped: NDArray[np.uint8] = (values * 255.0 + 0.5).astype(np.uint8)
    return stepped


def _material(omage: Omage) -> NDArray[np.uint8]:
    """An RGB image: metallic in red, roughness in green."""
    zero = np.zeros(omage.shape[:2], np.float32)
    planes = np.stack([omage[..., METALLIC], omage[..., ROUGHNESS], zero], axis=-1)
    return _bytes(planes)


DRAWN: Final[tuple[Callable[[Omage], NDArray[np.uint8]], ...]] = (
    _eight(POSITION),
    _eight(NORMAL),
    lambda omage: srgb.encode(omage[..., ALBEDO]),
    _material,
)
"""Functions that draw the previews, in the order of `keys.OMAGE_PICTURES`."""
