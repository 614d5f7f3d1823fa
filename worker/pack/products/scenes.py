"""The product `scenes`: synthetic images of listed objects with ground truth.

    img/00000.exr    colour, instance, class and depth; or img/00000.png, only 8-bit colour
    img/00000.npy    the ground truth of each object, see `TRUTH`
    models/<uid>.ply    with products = ["mesh"], the mesh of each object that is shown
    metadata.json    the objects in each sample, and how many pixels show each

Samples are numbered over the whole data set. A point p of an object's box is at
``rot_mat @ (scale * p) + location`` in the world. Format: princeton-vl/selfstudy-render, of "How
Useful is Self-Supervised Pretraining for Visual Tasks?" (Newell & Deng 2020).
"""

from __future__ import annotations

import dataclasses
import functools
import io
from collections.abc import Generator, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import image_formats
from worker.codecs.image_formats import Form, Size, Unreadable
from worker.contract import render_passes
from worker.contract.recipe import MESH, Recipe
from worker.contract.rotations import matrix, quaternion
from worker.contract.scene_keys import BACKGROUND_MATERIAL
from worker.core import keys
from worker.core.errors import RenderFailed
from worker.index.record import Scenes
from worker.pack import views
from worker.pack.archive import Member
from worker.pack.kinds import colour
from worker.pack.products import scene_models
from worker.pack.raw import RawView
from worker.pack.records import metadata
from worker.sources import private_folders
from worker.sources.base import FetchedObject, Lost
from worker.supervisor import reasons
from worker.supervisor.result import RenderedObject

Triple = tuple[float, float, float]
TRUTH: Final = np.dtype(
    [
        ("class", np.int64),
        ("rot_mat", np.float64, (3, 3)),
        ("quaternion", np.float64, 4),
        ("euler", np.float64, 3),
        ("bbox", np.float64, (2, 3)),
        ("scale", np.float64, 3),
        ("location", np.float64, 3),
        ("light", np.float64, 3),
    ]
)
"""One row per object. quaternion: w, x, y, z; euler: XYZ, in radians; bbox: corners in the
object's own axes (Y up), scaled to a longest side of 1; location and light: world."""
LAYERS: Final = (
    (render_passes.COMBINED, "RGB"),
    (render_passes.INDEX_OBJECT, "X"),
    (render_passes.INDEX_MATERIAL, "X"),
    (render_passes.DEPTH, "Z"),
)
CHANNELS: Final = tuple(
    f"View Layer.{each.layer}.{component}"
    for each, components in LAYERS
    for component in components
)
"""The EXR channel names that selfstudy's reader opens."""
PICTURE: Final = image_formats.exr(CHANNELS)


class _Object(msgspec.Struct, frozen=True):
    number: int
    bbox: tuple[Triple, Triple]
    scale: Triple
    euler: Triple
    location: Triple


class _Sample(msgspec.Struct, frozen=True):
    light: Triple
    objects: tuple[_Object, ...]


class _Refused(msgspec.Struct, frozen=True):
    number: int
    code: str
    message: str


class _ScenesAnswer(msgspec.Struct, frozen=True):
    samples: tuple[_Sample, ...]
    refused: tuple[_Refused, ...] = ()
    models: tuple[scene_models.ModelFact, ...] = ()


# Created at import, before any thread starts, as in `worker.pack.placement`.
_DECODER: Final = msgspec.json.Decoder(_ScenesAnswer)


def members(
    rendered: RenderedObject, recipe: Recipe, _threads: int
) -> Generator[Member, None, None]:
    """Sample after sample, then the metadata. Raises: RenderFailed."""
    scenes = rendered.fetched.ref.scenes
    if scenes is None:
        raise RenderFailed("the object is not a range of scenes")
    views.check(rendered.answer.views, dataclasses.replace(recipe, views=scenes.samples))
    answer = _answer(rendered)
    places = [group.places for group in scenes.groups for _ in range(group.samples)]
    if [len(sample.objects) for sample in answer.samples] != [len(each) for each in places]:
        raise RenderFailed("the child's answer does not have the samples and objects ordered")
    about = []
    for number, sample in enumerate(answer.samples):
        idx = scenes.first + number
        classes = [place.class_idx for place in places[number]]
        for each, place in zip(sample.objects, places[number], strict=True):
            if each.number not in place.members:
                raise RenderFailed(f"sample {idx} shows an object that was not drawn for it")
        raw = RawView(rendered.answer.views[number], rendered.scratch)
        visible = _pixels_of(raw, classes, idx)
        yield _picture(raw, recipe, idx)
        yield _truth(sample, classes, idx)
        about.append(
            {
                "idx": idx,
                "objects": [
                    _who(rendered.fetched, each.number, class_idx, scenes, seen)
                    for each, class_idx, seen in zip(sample.objects, classes, visible, strict=True)
                ],
            }
        )
    if MESH in recipe.products:
        shown = {each.number for sample in answer.samples for each in sample.objects}
        yield from scene_models.members(rendered, answer.models, shown)
    yield Member(name=keys.METADATA, data=_metadata(rendered, recipe, scenes, about, answer))


def _answer(rendered: RenderedObject) -> _ScenesAnswer:
    try:
        answer = _DECODER.decode(msgspec.json.encode(rendered.answer.scene))
    except msgspec.MsgspecError as error:
        raise RenderFailed(f"the child's answer has no valid samples: {error}") from error
    for sample in answer.samples:
        for each in sample.objects:
            numbers = np.array([*each.bbox, each.scale, each.euler, each.location, sample.light])
            if not np.isfinite(numbers).all() or min(each.scale) <= 0:
                raise RenderFailed("the child's answer has an invalid placement of an object")
    return answer


def _pixels_of(raw: RawView, classes: Sequence[int], idx: int) -> list[int]:
    """Count the pixels that show each object.

    Raises: RenderFailed, if a pixel shows an object or class that was not ordered.
    """
    number = raw.layer(render_passes.INDEX_OBJECT)[..., 0]
    material = raw.layer(render_passes.INDEX_MATERIAL)[..., 0]
    expected = np.array([BACKGROUND_MATERIAL, *classes], np.float32)
    known = np.isin(number, np.arange(len(expected)))
    if not known.all() or not (expected[number.astype(np.int64)] == material).all():
        raise RenderFailed(f"sample {idx} shows objects or classes that are not in it")
    depth = raw.layer(render_passes.DEPTH)
    if not (np.isfinite(depth).all() and (depth > 0).all()):
        raise RenderFailed(f"sample {idx} has depths that are not positive, finite numbers")
    return [int((number == each).sum()) for each in range(1, len(expected))]


def _picture(raw: RawView, recipe: Recipe, idx: int) -> Member:
    size = (raw.view.width, raw.view.height)
    exr = recipe.scenes.exr
    chosen = PICTURE if exr else image_formats.RGB
    if exr:
        planes = [raw.layer(each)[..., : len(names)] for each, names in LAYERS]
        pixels: NDArray[Any] = np.concatenate(planes, axis=-1)
    else:
        # The scene's background is opaque: black never shows.
        on_black = dataclasses.replace(recipe.colour, background="black")
        pixels = colour.encode(raw, dataclasses.replace(recipe, colour=on_black))
    check = functools.partial(_check, chosen, size)
    return Member(name=keys.sample_picture(idx, exr=exr), data=chosen.encode(pixels), check=check)


def _check(chosen: Form, size: Size, data: bytes) -> None:
    chosen.check(data, size)


def _truth(sample: _Sample, classes: Sequence[int], idx: int) -> Member:
    rows = np.empty(len(classes), TRUTH)
    for row, each, class_idx in zip(rows, sample.objects, classes, strict=True):
        row["class"] = class_idx
        row["rot_mat"] = matrix(each.euler)
        row["quaternion"] = quaternion(each.euler)
        row["euler"] = each.euler
        row["bbox"] = each.bbox
        row["scale"] = each.scale
        row["location"] = each.location
        row["light"] = sample.light
    check = functools.partial(_check_rows, len(rows))
    return Member(name=keys.sample_truth(idx), data=image_formats.NPY.encode(rows), check=check)


def _check_rows(count: int, data: bytes) -> None:
    found = np.load(io.BytesIO(data), allow_pickle=False)
    if found.dtype != TRUTH or found.shape != (count,):
        raise Unreadable(f"an NPY of {found.dtype} {found.shape}")


def _who(
    fetched: FetchedObject, number: int, class_idx: int, scenes: Scenes, visible: int
) -> dict[str, Any]:
    member = scenes.members[number]
    brought = fetched.members[number]
    return {
        "class": class_idx,
        "class_name": scenes.classes[class_idx],
        "file_identifier": member.file_identifier,
        "uid": member.uid,
        "number": scenes.numbers[number] if scenes.numbers else None,
        "license": member.license,
        "sha256": brought.sha256 if isinstance(brought, FetchedObject) else None,
        "pixels": visible,
    }


def _metadata(
    rendered: RenderedObject,
    recipe: Recipe,
    scenes: Scenes,
    about: list[dict[str, Any]],
    answer: _ScenesAnswer,
) -> bytes:
    """The contents of ``metadata.json``, with `samples`, `classes` and `replaced`.

    `replaced` lists the objects that could not be used and why; others were drawn in their place.
    """
    lost = {
        number: {"code": each.code, "message": each.message}
        for number, each in enumerate(rendered.fetched.members)
        if isinstance(each, Lost)
    }
    brought = [each.root for each in rendered.fetched.members if isinstance(each, FetchedObject)]
    folders = private_folders.of([rendered.fetched.ref], [rendered.scratch, *brought])
    lost |= {
        each.number: {"code": each.code, "message": reasons.without_paths(each.message, folders)}
        for each in answer.refused
    }
    seen = rendered.answer.views[0]
    document = {
        "placement": None,
        "classes": list(scenes.classes),
        "samples": about,
        "replaced": [
            {"uid": scenes.members[number].uid, **why}
            for number, why in sorted(lost.items())
            if number < len(scenes.members)
        ],
    }
    own: dict[str, Any] = {
        "images": {"exr" if recipe.scenes.exr else "png": _describe(recipe)},
        "scenes": {
            "plan": scenes.plan,
            "seed": recipe.seed,
            "camera": {
                "camera_to_world": seen.camera_to_world,
                "K": seen.intrinsics,
                "width": seen.width,
                "height": seen.height,
            },
        },
    }
    if MESH in recipe.products:
        own[MESH] = scene_models.ABOUT
    shown = dataclasses.replace(rendered.answer, scene=document)
    return metadata.write(msgspec.structs.replace(rendered, answer=shown), {}, recipe, own)


def _describe(recipe: Recipe) -> dict[str, Any]:
    if not recipe.scenes.exr:
        return {
            "quantity": "colour",
            "channels": "RGB",
            "space": "sRGB (IEC 61966-2-1)",
            "encoding": "8-bit unsigned",
            "view_transform": recipe.colour.view_transform,
            "files": "img/NNNNN.png",
        }
    combined, instance, material, depth = (each.layer for each, _ in LAYERS)
    return {
        "channels": list(CHANNELS),
        "encoding": "32-bit float",
        combined: "scene-linear light, Rec. 709 primaries",
        instance: "the object's place in its sample's NPY + 1; 0: the background",
        material: f"the object's class; {BACKGROUND_MATERIAL}: the background",
        depth: "planar Z of the pixel's centre, world units",
        "files": "img/NNNNN.exr",
    }
