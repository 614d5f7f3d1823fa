"""Reads the samples of a zip of the product `scenes`: image, labels and ground truth.

Names, channels and fields are those of ``util.py`` in princeton-vl/selfstudy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import png, srgb
from worker.codecs.exr import ExrFile
from worker.codecs.exr_header import NotExr
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
"""Field of a sample's array to its shape per object; see `worker.pack.products.scenes.TRUTH`."""
RECORD: Final = np.dtype(
    [(name, np.int64 if name == "class" else np.float64, shape) for name, shape in FIELDS.items()]
)
LAYERS: Final = (("Combined", "RGB"), ("IndexOB", "X"), ("IndexMA", "X"), ("Depth", "Z"))
"""Render passes of an EXR and their components."""
OBJECTS: Final = 256
"""Upper bound of object numbers, exclusive; 0 is the background."""
MATERIALS: Final = 100
"""Upper bound of material numbers, exclusive: objects have their class, the background 99."""
DEPTH_TOP: Final = np.float32(2.55)
CENTIMETRES: Final = np.float32(100)


class Sample(msgspec.Struct, frozen=True):
    """One image with its ground truth."""

    index: int
    """The sample's number in the whole data set."""
    objects: NDArray[Any]
    """(objects,) of type `RECORD`."""
    pixels: NDArray[np.uint8]
    """(height, width, 3), 8-bit sRGB."""
    file: bytes | None
    """The PNG file of the pixels; None if they come from an EXR."""
    labels: NDArray[np.uint8] | None
    """(height, width, 3), None if only images were rendered. The channels are the object's number,
    0 for the background; its class + 1, 0 for the background; planar Z in whole centimetres, 255
    from 2.55 m on."""
    depth: NDArray[np.float32] | None = None
    """(height, width), planar Z in world units; None if only images were rendered."""


def read(zipped: RenderZip, identifier: str) -> Iterator[Sample]:
    """Iterate over the samples of the range `identifier`, by index; memory holds one.

    Raises: Unsupported, if the zip has no samples; RenderFailed.
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
    """Decode a PNG to (height, width, 3). Raises: RenderFailed."""
    try:
        return png.decode(data, zipped.recipe.resolution, "RGB")
    except png.NotPng as error:
        raise zipped.damaged(f"has a {name} that is {error}") from error


def _rendered(
    zipped: RenderZip, name: str
) -> tuple[NDArray[np.uint8], None, NDArray[np.uint8], NDArray[np.float32]]:
    """The fields from `pixels` on of a sample, from its EXR. Raises: RenderFailed."""
    colour, objects, materials, depth = _layers(zipped, name)
    labels = [
        _whole(zipped, name, "object", objects, OBJECTS),
        (_whole(zipped, name, "material", materials, MATERIALS) + 1) % MATERIALS,
        _centimetres(depth),
    ]
    return srgb.encode(colour), None, np.concatenate(labels, axis=-1), depth[..., 0]


def _layers(zipped: RenderZip, name: str) -> tuple[NDArray[np.float32], ...]:
    """Read `LAYERS` of an EXR, each (height, width, components). Raises: RenderFailed."""
    try:
        file = ExrFile(zipped.read(name), *zipped.recipe.resolution)
        return tuple(file.layer(layer, components) for layer, components in LAYERS)
    except NotExr as error:
        raise zipped.damaged(f"has a {name} that {error}") from error


def _whole(
    zipped: RenderZip, name: str, what: str, values: NDArray[np.float32], end: int
) -> NDArray[np.uint8]:
    """Convert a pass of whole numbers below `end` to uint8. Raises: RenderFailed."""
    with np.errstate(invalid="ignore"):
        if not ((values >= 0) & (values < end) & (values == np.floor(values))).all():
            raise zipped.damaged(f"has a {name} with {what} indices outside 0 to {end - 1}")
    return values.astype(np.uint8)


def _centimetres(depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Convert depth to whole centimetres, rounded down as selfstudy does; 255 on the background."""
    seen = np.nan_to_num(depth, nan=np.inf, posinf=np.inf)
    return (np.clip(seen, 0, DEPTH_TOP) * CENTIMETRES).astype(np.uint8)


def _objects(zipped: RenderZip, name: str) -> NDArray[Any]:
    """Read a sample's array and convert its numbers to `RECORD`. Raises: RenderFailed."""
    array = zipped.array(name)
    dtype = array.dtype
    shapes = {field: dtype[field].shape for field in dtype.names or ()}
    count = zipped.recipe.scenes.objects
    if shapes != FIELDS or array.shape != (count,):
        raise zipped.damaged(f"has a {name} without {count} rows of {', '.join(FIELDS)}")
    made = np.empty(len(array), RECORD)
    for field in FIELDS:
        if dtype[field].base.kind not in ("iu" if field == "class" else "iuf"):
            raise zipped.damaged(f"has a {name} with a {field} that is not a number")
        made[field] = array[field]
        if not np.isfinite(made[field]).all():
            raise zipped.damaged(f"has a {name} with a {field} that is not finite")
    return made
