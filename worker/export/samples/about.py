"""What the metadata of a zip of scenes says of its samples: classes, objects and the camera."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.contract.protocol import View
from worker.core import keys
from worker.core.errors import RenderFailed
from worker.export.zips import RenderZip
from worker.pack import views

Row3 = tuple[float, float, float]
Row4 = tuple[float, float, float, float]
Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 31) - 1)]


class ShownObject(msgspec.Struct, frozen=True):
    """One object of a sample."""

    class_idx: int = msgspec.field(name="class")
    file_identifier: str = ""
    uid: str = ""
    number: Count | None = None
    """Its place among all objects of the data set; None in zips of older versions."""


class SampleObjects(msgspec.Struct, frozen=True):
    """The objects of a sample, in the order of its rows."""

    idx: int
    objects: tuple[ShownObject, ...]


class SceneCamera(msgspec.Struct, frozen=True):
    """The camera of all samples: OpenGL axes; K in pixels, with pixel centres at +0.5."""

    camera_to_world: tuple[Row4, Row4, Row4, Row4]
    K: tuple[Row3, Row3, Row3]
    width: int
    height: int


class _Scenes(msgspec.Struct, frozen=True):
    camera: SceneCamera | None = None


class _Own(msgspec.Struct, frozen=True):
    scenes: _Scenes = _Scenes()


class AboutSamples(msgspec.Struct, frozen=True):
    """The samples of a zip."""

    classes: tuple[str, ...]
    """Names of all classes of the data set, by number."""
    samples: tuple[SampleObjects, ...]
    render_worker: _Own = _Own()


_DECODER: Final = msgspec.json.Decoder(AboutSamples)  # created before any thread starts


def read(zipped: RenderZip) -> AboutSamples:
    """Read the metadata of a zip of scenes. Raises: Unsupported, for another; RenderFailed."""
    if zipped.recipe.product != "scenes":
        raise zipped.lacking("samples of scenes")
    return zipped.json(keys.METADATA, _DECODER)


def camera_of(zipped: RenderZip, about: AboutSamples) -> SceneCamera:
    """The camera of all samples, checked. Raises: RenderFailed, without one or if it is invalid."""
    camera = about.render_worker.scenes.camera
    if camera is None:
        raise zipped.damaged(f"has a {keys.METADATA} without the camera of its samples")
    view = View(
        name=keys.view_name(0),
        camera_to_world=[[*row] for row in camera.camera_to_world],
        intrinsics=[[*row] for row in camera.K],
        width=camera.width, height=camera.height, projection="perspective", files={},
    )  # fmt: skip
    try:
        views.check([view], dataclasses.replace(zipped.recipe, views=1))
    except RenderFailed as error:
        raise zipped.damaged(f"has an invalid camera: {error}") from error
    return camera


def objects_of(
    zipped: RenderZip, about: AboutSamples, index: int, classes: NDArray[np.int64]
) -> tuple[ShownObject, ...]:
    """The objects of sample `index`, whose rows have these `classes` (n,).

    Raises: RenderFailed, if the metadata does not have the same objects.
    """
    place = index - about.samples[0].idx if about.samples else 0
    told = about.samples[place] if 0 <= place < len(about.samples) else None
    found = told.objects if told is not None and told.idx == index else ()
    numbers = [each.class_idx for each in found]
    if numbers != classes.tolist() or not all(0 <= each < len(about.classes) for each in numbers):
        raise zipped.damaged(f"has a {keys.METADATA} without the objects of sample {index}")
    return found
