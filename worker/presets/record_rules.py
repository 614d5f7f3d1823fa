"""The recipe settings that each view record requires; with others, its file would be wrong.

The requirements follow from the records (`worker.pack.records`) and the readers they name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, Literal

import msgspec
import numpy as np

from worker.contract import camera_file
from worker.contract.camera_file import Matrix
from worker.contract.recipe import Recipe
from worker.contract.schema import RecipeError
from worker.core import keys

ONE_TRANSFORMS: Final = ("transforms", "get3d", "trellis", "nerfstudio", "instant-ngp")
"""Records whose file is named transforms.json."""
LENS: Final = ("cameras", "transforms", "trellis", "nerfstudio", "gpt4point", "zeronvs")
"""Records that store the field of view of each view."""
PICTURE: Final = ("colour", "albedo")
"""Image kinds whose file may be named NNN.png."""
SAME: Final = 1e-6
"""Relative difference of focal lengths, and of centres, that counts as none."""
OPAQUE: Final = ("white", "black", "a colour")


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """The requirements of one record."""

    pinhole: bool = True
    """Its readers support only perspective cameras."""
    one_lens: bool = False
    """It stores one field of view for all views."""
    k: Literal["any", "square", "centred"] = "centred"
    """The K it can store: any, one of square pixels, or one whose centre is the image's too."""
    unit_cube: Literal["", "holds", "fits"] = ""
    """It implies that the object is inside the unit cube ("holds"), or fills it ("fits")."""
    picture: tuple[str, ...] = ()
    """Its frames name an image of one of these kinds."""
    images: tuple[str, ...] = ()
    """It needs images of all of these kinds."""
    backgrounds: tuple[str, ...] = ()
    """Allowed backgrounds of the colour image, if there is one; empty allows any."""


NEEDS: Final[dict[str, Needs]] = {
    "cameras": Needs(pinhole=False, k="any"),
    "npy-3x4": Needs(pinhole=False, k="any"),  # see `_missing_lens`
    "gpt4point": Needs(
        unit_cube="fits", picture=PICTURE, images=("depth", "alpha"), backgrounds=("transparent",)
    ),
    "transforms": Needs(unit_cube="holds"),
    "nerf-synthetic": Needs(one_lens=True, picture=PICTURE),
    "get3d": Needs(one_lens=True, unit_cube="holds", picture=PICTURE),
    "nsvf": Needs(one_lens=True, k="square"),
    "nerfstudio": Needs(picture=(*PICTURE, "colour-exr"), k="any"),
    "instant-ngp": Needs(one_lens=True, unit_cube="holds", picture=(*PICTURE, "colour-exr")),
    "zeronvs": Needs(images=("colour", "depth-f16"), backgrounds=OPAQUE, k="square"),
    "trellis": Needs(unit_cube="holds", picture=PICTURE),
}


def rules(recipe: Recipe) -> Iterator[str]:
    """Yield each contradiction as a message without location that says what to do."""
    same = [name for name in recipe.records if name in ONE_TRANSFORMS]
    if len(same) > 1:
        yield f"'records' {' and '.join(same)} are both named {keys.TRANSFORMS}; use only one"
    with suppress(RecipeError):  # the rules of cameras say what is wrong with their file
        yield from _cameras(recipe)
        yield from _missing_lens(recipe)
    yield from _unit_cube(recipe)
    for name in recipe.records:
        yield from _images(name, recipe)


def _cameras(recipe: Recipe) -> Iterator[str]:
    odd = ", ".join(name for name in recipe.records if NEEDS[name].pinhole)
    if odd and recipe.camera.projection != "perspective":
        yield (
            f"'records' {odd} support only perspective cameras, but 'camera.projection' is "
            f"{recipe.camera.projection}; remove them or make it perspective"
        )
    odd = ", ".join(name for name in recipe.records if NEEDS[name].one_lens)
    if odd and _varies(recipe):
        what = "'camera.fov' is drawn for each" if _drawn(recipe) else "'camera.file' has several"
        yield (
            f"'records' {odd} have one field of view for all views, but {what}; fix it, or use "
            f"records that have each view's: {', '.join(LENS)}"
        )
    yield from _lens(recipe)


def _lens(recipe: Recipe) -> Iterator[str]:
    """The K of a file may be one that a record cannot store."""
    middle = np.array(recipe.resolution) / 2.0
    for k in lenses(recipe):
        square = bool(abs(k[0, 0] / k[1, 1] - 1.0) < SAME)
        centred = square and bool((abs(k[:2, 2] - middle) < SAME * middle).all())
        stored = {"any": True, "square": square, "centred": centred}
        if odd := ", ".join(name for name in recipe.records if not stored[NEEDS[name].k]):
            what = "a centre that is not the image's" if square else "pixels that are not square"
            yield (
                f"'records' {odd} cannot store the K of 'camera.file', which has {what}; use "
                f"{', '.join(name for name, needs in NEEDS.items() if needs.k == 'any')}"
            )
            return


def _unit_cube(recipe: Recipe) -> Iterator[str]:
    normalise, size = recipe.subject.normalise, recipe.subject.size
    odd = ", ".join(name for name in recipe.records if NEEDS[name].unit_cube)
    if odd and normalise != "unit-cube":
        yield (
            f"'records' {odd} require the object to be in the unit cube, but "
            f"'subject.normalise' is '{normalise}'; make it unit-cube, or use other records"
        )
        return
    for name in recipe.records:
        cube = NEEDS[name].unit_cube
        if (cube and size > 1.0) or (cube == "fits" and size < 1.0):
            allowed = "1" if cube == "fits" else "at most 1"
            yield f"'subject.size' is {size:g}, allowed for 'records' {name}: {allowed}"


def _images(name: str, recipe: Recipe) -> Iterator[str]:
    needs = NEEDS[name]
    if needs.picture and not set(needs.picture) & set(recipe.images):
        yield f"'records' {name} needs {' or '.join(needs.picture)} in 'images'"
    if lacking := [kind for kind in needs.images if kind not in recipe.images]:
        yield f"'records' {name} needs {' and '.join(lacking)} in 'images'"
    background = recipe.colour.background
    kind = "a colour" if background.startswith("#") else background
    if "colour" in recipe.images and needs.backgrounds and kind not in needs.backgrounds:
        yield (
            f"'records' {name} needs 'colour.background' {' or '.join(needs.backgrounds)}, "
            f"not {background}"
        )


def _missing_lens(recipe: Recipe) -> Iterator[str]:
    """A camera matrix has no lens: if that differs between views, another record must have it."""
    camera = recipe.camera
    what = "camera.fov" if camera.projection == "perspective" else "camera.ortho_scale"
    fitted = camera.projection == "orthographic" and camera.distance in {"fit", "fit-all"}
    varies = _drawn(recipe) or fitted or bool(lenses(recipe))
    if varies and "npy-3x4" in recipe.records and not set(LENS) & set(recipe.records):
        yield (
            f"'records' npy-3x4 does not have each view's '{what}', which is not fixed; "
            "add cameras to 'records'"
        )


def lenses(recipe: Recipe) -> list[Matrix]:
    """K (3,3) of each camera of the recipe's file that has a lens. Raises: RecipeError."""
    if recipe.camera.layout != "file":
        return []
    poses = camera_file.read(recipe.camera.file)
    return [pose.lens.intrinsics(recipe.resolution) for pose in poses if pose.lens]


def _varies(recipe: Recipe) -> bool:
    own = lenses(recipe)
    return _drawn(recipe) or any(not np.array_equal(k, own[0]) for k in own)


def _drawn(recipe: Recipe) -> bool:
    camera = recipe.camera
    return (
        not lenses(recipe) and camera.projection == "perspective" and camera.fov[0] != camera.fov[1]
    )
