"""What no single key's own range can tell of a recipe: each rule says what is wrong in a clause."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from worker.contract import camera_layouts
from worker.contract.recipe import Recipe
from worker.contract.schema import RecipeError, nearest
from worker.core import formats, keys
from worker.omage import npz_files
from worker.presets import record_rules, scene_rules

REACH: Final = {"unit-cube": camera_layouts.CUBE, "unit-sphere": 1.0, "none": math.inf}
"""How far the object may reach from the origin, by `subject.normalise`, at `subject.size` 1."""
GPT4POINT_DEPTH: Final = ("fixed", 0.0, 5.0, 65535)


def of(recipe: Recipe) -> Iterator[str]:
    """Every contradiction in `recipe`, as a clause that says what to do."""
    for rule in (
        _cameras,
        _lights,
        _lists,
        record_rules.rules,
        _depth,
        _splits,
        _subject,
        _omage,
        scene_rules.rules,
    ):
        yield from rule(recipe)


def _cameras(recipe: Recipe) -> Iterator[str]:
    try:
        camera_layouts.check(recipe.camera)
    except RecipeError as error:
        yield str(error)


def _lights(recipe: Recipe) -> Iterator[str]:
    lights = recipe.lights
    if lights.area_power[0] > lights.area_power[1]:
        yield "'lights.area_power' goes downwards; write it upwards"
    if lights.rig == "environment" and not lights.environment:
        yield "'lights.environment' is empty; name the picture that rig environment lights with"
    elif lights.rig == "environment" and not Path(lights.environment).is_file():
        yield f"'lights.environment' is '{lights.environment}', and there is no such file"


def _lists(recipe: Recipe) -> Iterator[str]:
    for key in ("images", "records", "previews"):
        listed = getattr(recipe, key)
        if len(set(listed)) != len(listed):
            yield f"'{key}' names something twice: {', '.join(listed)}"
            return
    if not recipe.images:
        yield "'images' is empty; name one at least, as in [\"colour\"]"
    endings = keys.image_endings(recipe.images)
    for ending in set(endings.values()):
        same = [kind for kind in recipe.images if endings[kind] == ending]
        if len(same) > 1:
            yield f"'images' {' and '.join(same)} are both NNN{ending}; take one of them"
    if recipe.previews and "colour" not in endings and "albedo" not in endings:
        yield "'previews' are made of colour or albedo; add one of them to 'images'"


def _depth(recipe: Recipe) -> Iterator[str]:
    depth = recipe.depth
    if depth.near >= depth.far:
        yield f"'depth.near' is {depth.near:g}, allowed: less than depth.far ({depth.far:g})"
    found = (depth.mode, depth.near, depth.far, depth.invalid)
    if "gpt4point" in recipe.records and "depth" in recipe.images and found != GPT4POINT_DEPTH:
        yield "'records' gpt4point needs depth.mode fixed, near 0, far 5 and invalid 65535"
    if "depth" in recipe.images and depth.mode == "fixed":
        yield from _far(recipe)


def _far(recipe: Recipe) -> Iterator[str]:
    """Depth beyond far is stored as nothing seen, so far must lie behind all there is to see."""
    reach = REACH[recipe.subject.normalise] * recipe.subject.size
    if math.isinf(reach) or any(_cameras(recipe)):
        return  # how large the object is, or where the cameras are, is not known
    behind = camera_layouts.farthest(recipe.camera, recipe.resolution, reach) + reach
    if recipe.depth.far < behind:
        yield (
            f"'depth.far' is {recipe.depth.far:g}, and the object may be up to {behind:.4g} from a "
            f"camera, where depth would be invalid; make it {math.ceil(100 * behind) / 100} or "
            "more, or depth.mode per-view"
        )


def _splits(recipe: Recipe) -> Iterator[str]:
    asked = (recipe.splits.train, recipe.splits.val, recipe.splits.test)
    if any(asked) and sum(asked) != recipe.views:
        yield (
            f"'splits' are {' + '.join(map(str, asked))} = {sum(asked)} views, "
            f"'views' is {recipe.views}; make them the same, or all splits 0"
        )


def _subject(recipe: Recipe) -> Iterator[str]:
    subject = recipe.subject
    if subject.size != 1.0 and (subject.normalise == "none" or recipe.product != "views"):
        what = "normalise none" if recipe.product == "views" else f"product {recipe.product}"
        yield f"'subject.size' means nothing to {what}; leave it out"
    for name in subject.one_colour:
        if name not in formats.MODEL_SUFFIXES:
            yield f"'subject.one_colour' has no format '{name}'" + nearest(
                name, formats.MODEL_SUFFIXES
            )


def _omage(recipe: Recipe) -> Iterator[str]:
    if recipe.product != "omage":
        return
    width, height = recipe.resolution
    small, charts, margin = recipe.omage.small, recipe.omage.charts, recipe.omage.margin
    if width != height or width % small or width > npz_files.LARGEST:
        yield (
            f"'resolution' is {width}x{height}; an object image is a square of at most "
            f"{npz_files.LARGEST}, a multiple of omage.small ({small})"
        )
    if recipe.samples != 1:
        yield f"'samples' is {recipe.samples}; an object image is baked at one, the pixel's centre"
    if margin * small < 1.0:
        yield (
            f"'omage.margin' is {margin:g}, allowed: at least 1 / omage.small ({1 / small:g}), or "
            "charts would touch in the reduced image"
        )
    elif charts > (room := int(0.5 / margin) ** 2):
        yield f"'omage.charts' is {charts}; with omage.margin {margin:g} there is room for {room}"
