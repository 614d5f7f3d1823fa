"""The samples of a zip of the product `scenes`: picture, labels, and what is known of each object.

Source of names, channels and fields: formats.md, section 6 (the study's ``util.py``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.errors import RenderFailed
from worker.export.zips import RenderZip
from worker.pack import png, srgb
from worker.pack.exr import Passes

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
MODES: Final = ("RGB", "RGBA")

_IMAGE: Final = re.compile(r"img/([0-9]{5,18})\.(exr|png)")


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


def read(zipped: RenderZip) -> Iterator[Sample]:
    """Every sample, by index; memory holds one. Raises: Unsupported, RenderFailed."""
    found: dict[int, str] = {}
    for name in zipped.names():
        if match := _IMAGE.fullmatch(name):
            index = int(match[1])
            if index in found or match[1] != f"{index:05d}":
                raise zipped.damaged(f"has a {name}, which is no name, or no sample's only one")
            found[index] = name
    if not found:
        raise zipped.lacking("picture of a scene: img/00000.png, or .exr, and so on")
    if len({Path(name).suffix for name in found.values()}) > 1:
        raise zipped.damaged("has pictures of two kinds, PNG and EXR")
    for index, name in sorted(found.items()):
        objects = _objects(zipped, f"img/{index:05d}.npy")
        if name.endswith(".png"):
            data = zipped.read(name)
            yield Sample(index, objects, _decoded(zipped, name, data), data, None)
        else:
            yield Sample(index, objects, *_rendered(zipped, name))


def _decoded(zipped: RenderZip, name: str, data: bytes) -> NDArray[np.uint8]:
    """(height, width, 3) of a PNG of the recipe's size. Raises: RenderFailed."""
    wrong: list[str] = []
    for mode in MODES:
        try:
            return png.decode(data, zipped.recipe.resolution, mode)[..., :3]
        except png.NotPng as error:
            wrong.append(str(error))
    raise zipped.damaged(f"has a {name} that is {wrong[0]}")


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
    data = zipped.read(name)
    # Its reader takes a path: a file in memory has one, and leaves nothing when killed.
    file = os.memfd_create("exr", os.MFD_CLOEXEC)
    path = Path(f"/proc/self/fd/{file}")
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
            stream.flush()
            passes = Passes(path, *zipped.recipe.resolution)
            return tuple(passes.layer(layer, components) for layer, components in LAYERS)
    except RenderFailed as error:
        what = str(error).removeprefix(f"the rendered file {path.name} ")
        raise zipped.damaged(f"has a {name} that {what}") from error


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
    if shapes != FIELDS or array.ndim != 1 or not 0 < len(array) < OBJECTS:
        raise zipped.damaged(f"has a {name} that has not a row of {', '.join(FIELDS)} per object")
    made = np.empty(len(array), RECORD)
    for field in FIELDS:
        if dtype[field].base.kind not in ("iu" if field == "class" else "iuf"):
            raise zipped.damaged(f"has a {name} with a {field} that is no number")
        made[field] = array[field]
        if not np.isfinite(made[field]).all():
            raise zipped.damaged(f"has a {name} with a {field} that is not finite")
    return made
