"""The recipe settings that each view record requires; with others, its file would be wrong.

The requirements follow from the records (`worker.pack.records`) and the readers they name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from worker.contract.recipe import Camera, Recipe
from worker.core import keys

ONE_TRANSFORMS: Final = ("transforms", "get3d", "trellis", "nerfstudio", "instant-ngp")
"""Records whose file is named transforms.json."""
LENS: Final = ("cameras", "transforms", "trellis", "nerfstudio", "gpt4point", "zeronvs")
"""Records that store the field of view of each view."""
PICTURE: Final = ("colour", "albedo")
"""Image kinds whose file may be named NNN.png."""
OPAQUE: Final = ("white", "black")


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """The requirements of one record."""

    pinhole: bool = True
    """Its readers support only perspective cameras."""
    one_lens: bool = False
    """It stores one field of view for all views."""
    unit_cube: Literal["", "holds", "fits"] = ""
    """It implies that the object is inside the unit cube ("holds"), or fills it ("fits")."""
    picture: tuple[str, ...] = ()
    """Its frames name an image of one of these kinds."""
    images: tuple[str, ...] = ()
    """It needs images of all of these kinds."""
    backgrounds: tuple[str, ...] = ()
    """Allowed backgrounds of the colour image, if there is one; empty allows any."""


NEEDS: Final[dict[str, Needs]] = {
    "cameras": Needs(pinhole=False),
    "npy-3x4": Needs(pinhole=False),  # see `_missing_lens`
    "gpt4point": Needs(
        unit_cube="fits", picture=PICTURE, images=("depth", "alpha"), backgrounds=("transparent",)
    ),
    "transforms": Needs(unit_cube="holds"),
    "nerf-synthetic": Needs(one_lens=True, picture=PICTURE),
    "get3d": Needs(one_lens=True, unit_cube="holds", picture=PICTURE),
    "nsvf": Needs(one_lens=True),
    "nerfstudio": Needs(picture=(*PICTURE, "colour-exr")),
    "instant-ngp": Needs(one_lens=True, unit_cube="holds", picture=(*PICTURE, "colour-exr")),
    "zeronvs": Needs(images=("colour", "depth-f16"), backgrounds=OPAQUE),
    "trellis": Needs(unit_cube="holds", picture=PICTURE),
}


def rules(recipe: Recipe) -> Iterator[str]:
    """Yield each contradiction as a message without location that says what to do."""
    same = [name for name in recipe.records if name in ONE_TRANSFORMS]
    if len(same) > 1:
        yield f"'records' {' and '.join(same)} are both named {keys.TRANSFORMS}; use only one"
    yield from _cameras(recipe)
    yield from _unit_cube(recipe)
    for name in recipe.records:
        yield from _images(name, recipe)
    yield from _missing_lens(recipe)


def _cameras(recipe: Recipe) -> Iterator[str]:
    odd = ", ".join(name for name in recipe.records if NEEDS[name].pinhole)
    if odd and recipe.camera.projection != "perspective":
        yield (
            f"'records' {odd} support only perspective cameras, but 'camera.projection' is "
            f"{recipe.camera.projection}; remove them or make it perspective"
        )
    odd = ", ".join(name for name in recipe.records if NEEDS[name].one_lens)
    if odd and _drawn(recipe.camera):
        yield (
            f"'records' {odd} have one field of view for all views, but 'camera.fov' is drawn for "
            f"each; fix it, or use records that have each view's: {', '.join(LENS)}"
        )


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
    if "colour" in recipe.images and needs.backgrounds and background not in needs.backgrounds:
        yield (
            f"'records' {name} needs 'colour.background' {' or '.join(needs.backgrounds)}, "
            f"not {background}"
        )


def _missing_lens(recipe: Recipe) -> Iterator[str]:
    """A camera matrix has no lens: if that differs between views, another record must have it."""
    camera = recipe.camera
    what = "camera.fov" if camera.projection == "perspective" else "camera.ortho_scale"
    fitted = camera.projection == "orthographic" and camera.distance == "fit"
    varies = _drawn(camera) or fitted
    if varies and "npy-3x4" in recipe.records and not set(LENS) & set(recipe.records):
        yield (
            f"'records' npy-3x4 does not have each view's '{what}', which is not fixed; "
            "add cameras to 'records'"
        )


def _drawn(camera: Camera) -> bool:
    return camera.projection == "perspective" and camera.fov[0] != camera.fov[1]
