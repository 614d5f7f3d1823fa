"""The samples of a zip of the product `scenes`: picture, labels, and what is known of each object.

Source of names, channels and fields: the study's ``util.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import png, srgb
from worker.codecs.exr import ExrFile, NotExr
from worker.core import keys
from worker.export.zips import RenderZip

FIELDS: Final[dict[str, tuple[int, ...]]] = {
    "class": (),
    "rot_mat": (3, 3),
    "quaternion": (4,),
    "euler": (3,),
    "bbox": (2, 3),
    "scale": (3,),
    "location": (3,),
    "light": (3,),
}
"""Fields of a sample's array to the shape that each object has of them."""
RECORD: Final = np.dtype(
    [(name, np.int64 if name == "class" else np.float64, shape) for name, shape in FIELDS.items()]
)
LAYERS: Final = (("Combined", "RGB"), ("IndexOB", "X"), ("IndexMA", "X"), ("Depth", "Z"))
"""Passes of an EXR and their components."""
OBJECTS: Final = 256
"""More than an object's number can be; 0 is the background's."""
MATERIALS: Final = 100
"""More than a material's number can be: an object's is its class, the background's the last."""
DEPTH_TOP: Final = np.float32(2.55)
CENTIMETRES: Final = np.float32(100)


class Sample(msgspec.Struct, frozen=True):
    """One picture and what is known of it."""

    index: int
    """Counts over the whole data set."""
    objects: NDArray[Any]
    """(objects,) of RECORD."""
    pixels: NDArray[np.uint8]
    """(height, width, 3), 8-bit sRGB."""
    file: bytes | None
    """The PNG that the pixels came in."""
    labels: NDArray[np.uint8] | None
    """(height, width, 3): the object's number, 0 where there is none; its class + 1, the
    background's 0; whole centimetres of depth, 255 from 2.55 m on. None where only pictures were
    rendered."""


def read(zipped: RenderZip, identifier: str) -> Iterator[Sample]:
    """Every sample of the range `identifier`, by index; memory holds one.

    Raises: Unsupported, where the zip is no range of scenes; RenderFailed.
    """
    recipe = zipped.recipe
    span = keys.samples_of(identifier)
    if recipe.product != "scenes" or not span:
        raise zipped.lacking("samples of scenes")
    for index in span:
        name = keys.sample_picture(index, exr=recipe.scenes.exr)
        objects = _objects(zipped, keys.sample_truth(index))
        if recipe.scenes.exr:
            yield Sample(index, objects, *_rendered(zipped, name))
        else:
            data = zipped.read(name)
            yield Sample(index, objects, _decoded(zipped, name, data), data, None)


def _decoded(zipped: RenderZip, name: str, data: bytes) -> NDArray[np.uint8]:
    """(height, width, 3) of a PNG. Raises: RenderFailed."""
    try:
        return png.decode(data, zipped.recipe.resolution, "RGB")
    except png.NotPng as error:
        raise zipped.damaged(f"has a {name} that is {error}") from error


def _rendered(zipped: RenderZip, name: str) -> tuple[NDArray[np.uint8], None, NDArray[np.uint8]]:
    """Pixels and labels of an EXR, beside the PNG that there is not. Raises: RenderFailed."""
    colour, objects, materials, depth = _layers(zipped, name)
    labels = [
        _whole(zipped, name, "object", objects, OBJECTS),
        (_whole(zipped, name, "material", materials, MATERIALS) + 1) % MATERIALS,
        _centimetres(depth),
    ]
    return srgb.encode(colour), None, np.concatenate(labels, axis=-1)


def _layers(zipped: RenderZip, name: str) -> tuple[NDArray[np.float32], ...]:
    """LAYERS of an EXR, (height, width, components) each. Raises: RenderFailed."""
    try:
        file = ExrFile(zipped.read(name), *zipped.recipe.resolution)
        return tuple(file.layer(layer, components) for layer, components in LAYERS)
    except NotExr as error:
        raise zipped.damaged(f"has a {name} that {error}") from error


def _whole(
    zipped: RenderZip, name: str, what: str, values: NDArray[np.float32], end: int
) -> NDArray[np.uint8]:
    """A pass that holds numbers below `end`, as such. Raises: RenderFailed, where it does not."""
    with np.errstate(invalid="ignore"):
        if not ((values >= 0) & (values < end) & (values == np.floor(values))).all():
            raise zipped.damaged(f"has a {name} with {what} indices other than 0 to {end - 1}")
    return values.astype(np.uint8)


def _centimetres(depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Cut off to whole ones, as the study does; where nothing is seen it is as far as can be."""
    seen = np.nan_to_num(depth, nan=np.inf, posinf=np.inf)
    return (np.clip(seen, 0, DEPTH_TOP) * CENTIMETRES).astype(np.uint8)


def _objects(zipped: RenderZip, name: str) -> NDArray[Any]:
    """A sample's array as of RECORD, whatever numbers it has. Raises: RenderFailed."""
    array = zipped.array(name)
    dtype = array.dtype
    shapes = {field: dtype[field].shape for field in dtype.names or ()}
    count = zipped.recipe.scenes.objects
    if shapes != FIELDS or array.shape != (count,):
        raise zipped.damaged(f"has a {name} that has not {count} rows of {', '.join(FIELDS)}")
    made = np.empty(len(array), RECORD)
    for field in FIELDS:
        if dtype[field].base.kind not in ("iu" if field == "class" else "iuf"):
            raise zipped.damaged(f"has a {name} with a {field} that is no number")
        made[field] = array[field]
        if not np.isfinite(made[field]).all():
            raise zipped.damaged(f"has a {name} with a {field} that is not finite")
    return made
