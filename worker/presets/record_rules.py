"""What each record takes for granted of its recipe: where that fails, its file would be false.

Sources: the records themselves (`worker.pack.records`) and the readers they name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from worker.contract.recipe import Camera, Recipe
from worker.core import keys

ONE_TRANSFORMS: Final = ("transforms", "get3d", "trellis", "nerfstudio", "instant-ngp")
"""Records that are all called transforms.json."""
LENS: Final = ("cameras", "transforms", "trellis", "nerfstudio", "gpt4point", "zeronvs")
"""Records that tell each view's own field of view."""
PICTURE: Final = ("colour", "albedo")
"""Kinds that are NNN.png."""
OPAQUE: Final = ("white", "black")


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold for one record; by default nothing."""

    pinhole: bool = True
    """Its readers know perspective cameras only."""
    one_lens: bool = False
    """It has one field of view for all views."""
    unit_cube: Literal["", "holds", "fits"] = ""
    """It says that the unit cube at the origin holds the object, or that it is its very size."""
    picture: tuple[str, ...] = ()
    """One of these kinds: what its frames name."""
    images: tuple[str, ...] = ()
    """All of these kinds."""
    backgrounds: tuple[str, ...] = ()
    """What the colour image, if there is one, may stand on; empty: anything."""


NEEDS: Final[dict[str, Needs]] = {
    "cameras": Needs(pinhole=False),
    "npy-3x4": Needs(pinhole=False),  # see `_untold`
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
    """Contradictions, as clauses that say what to do."""
    same = [name for name in recipe.records if name in ONE_TRANSFORMS]
    if len(same) > 1:
        yield f"'records' {' and '.join(same)} are both {keys.TRANSFORMS}; take one of them"
    yield from _cameras(recipe)
    yield from _place(recipe)
    for name in recipe.records:
        yield from _images(name, recipe)
    yield from _untold(recipe)


def _cameras(recipe: Recipe) -> Iterator[str]:
    odd = ", ".join(name for name in recipe.records if NEEDS[name].pinhole)
    if odd and recipe.camera.projection != "perspective":
        yield f"'records' {odd} cannot say that a camera is {recipe.camera.projection}"
    odd = ", ".join(name for name in recipe.records if NEEDS[name].one_lens)
    if odd and _drawn(recipe.camera):
        yield (
            f"'records' {odd} can tell one field of view for all views, and 'camera.fov' is drawn; "
            f"fix it, or take records that tell each view's: {', '.join(LENS)}"
        )


def _place(recipe: Recipe) -> Iterator[str]:
    normalise, size = recipe.subject.normalise, recipe.subject.size
    odd = ", ".join(name for name in recipe.records if NEEDS[name].unit_cube)
    if odd and normalise != "unit-cube":
        yield (
            f"'records' {odd} would say that the object is in the unit cube, and "
            f"'subject.normalise' is '{normalise}'; make it unit-cube, or take other records"
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
        yield f"'records' {name} needs a picture in 'images': {' or '.join(needs.picture)}"
    if lacking := [kind for kind in needs.images if kind not in recipe.images]:
        yield f"'records' {name} needs {' and '.join(lacking)} in 'images'"
    background = recipe.colour.background
    if "colour" in recipe.images and needs.backgrounds and background not in needs.backgrounds:
        yield (
            f"'records' {name} needs 'colour.background' {' or '.join(needs.backgrounds)}, "
            f"not {background}"
        )


def _untold(recipe: Recipe) -> Iterator[str]:
    """A bare matrix says nothing of the lens: where that is drawn, another record must."""
    camera = recipe.camera
    what = "camera.fov" if camera.projection == "perspective" else "camera.ortho_scale"
    fitted = camera.projection == "orthographic" and camera.distance == "fit"
    varies = _drawn(camera) or fitted
    if varies and "npy-3x4" in recipe.records and not set(LENS) & set(recipe.records):
        yield (
            f"'records' npy-3x4 alone does not tell each view's '{what}', which is not fixed here; "
            "add cameras to 'records'"
        )


def _drawn(camera: Camera) -> bool:
    return camera.projection == "perspective" and camera.fov[0] != camera.fov[1]
