"""Rules about several settings of a recipe; each yields its contradictions as messages."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from worker.contract import camera_checks, camera_layouts
from worker.contract.escaping import escaped
from worker.contract.recipe import Recipe
from worker.contract.schema import RecipeError, nearest
from worker.contract.texture_folder import ENVIRONMENTS, listing
from worker.contract.view_keys import RING
from worker.core import formats, keys
from worker.omage import npz_files
from worker.presets import engine_rules, record_rules, scene_rules

REACH: Final = {"unit-cube": camera_layouts.CUBE, "unit-sphere": 1.0, "none": math.inf}
"""Largest distance of the object from the origin if `subject.size` is 1, by `subject.normalise`."""
MAGIC: Final = (b"#?RADIANCE", b"#?RGBE", b"v/1\x01")
"""How files of HDR and of EXR begin; the first is the longest."""
OWN_PLACES: Final = ("fixed", "list", "file")
"""Camera layouts that name the place of each view."""
GPT4POINT_DEPTH: Final = ("fixed", 0.0, 5.0, 65535)


def of(recipe: Recipe) -> Iterator[str]:
    """Yield each contradiction in `recipe` as a message without location that says what to do."""
    for rule in (
        engine_rules.rules,
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
    camera = recipe.camera
    try:
        camera_checks.check(camera)
        record_rules.lenses(recipe)
        listed = camera_layouts.listed(camera)
    except RecipeError as error:
        yield str(error)
        return
    if listed not in {None, recipe.views} and recipe.product == "views":
        yield (
            f"'views' is {recipe.views}, but layout '{camera.layout}' has {listed}; remove 'views' "
            f"or make it {listed}"
        )
    splits = recipe.splits.counts(recipe.views)
    if camera.baseline and any(count % 2 for count in (recipe.views, *splits)):
        yield (
            "'camera.baseline' is set, so 'views' and 'splits' count a left and a right view of "
            "each viewpoint; make them even"
        )


def _lights(recipe: Recipe) -> Iterator[str]:
    lights = recipe.lights
    if lights.area_power[0] > lights.area_power[1]:
        yield "'lights.area_power' is descending; write the smaller value first"
    if lights.rig != "environment":
        return
    if lights.environment and lights.environments:
        yield "'lights.environment' and 'lights.environments' are both set; remove one"
    elif lights.environments:
        yield from _environments(lights.environments)
    elif not lights.environment:
        yield (
            "'lights.environment' is empty; set it to the picture for the rig environment, or "
            "'lights.environments' to a folder of pictures"
        )
    elif not Path(lights.environment).is_file():
        yield f"'lights.environment' is '{lights.environment}', a file that does not exist"


def _environments(folder: str) -> Iterator[str]:
    if not Path(folder).is_dir():
        yield f"'lights.environments' is '{folder}', a folder that does not exist"
        return
    found = listing(folder, ENVIRONMENTS)
    if not found:
        yield f"'lights.environments' is '{folder}', which has no .hdr or .exr file"
    for name in found:
        with Path(folder, name).open("rb") as file:
            if not file.read(len(MAGIC[0])).startswith(MAGIC):
                yield f"'lights.environments' has '{escaped(name)}', which is not HDR or EXR"
                return


def _lists(recipe: Recipe) -> Iterator[str]:
    for key in ("products", "images", "records", "previews"):
        listed = getattr(recipe, key)
        if len(set(listed)) != len(listed):
            yield f"'{key}' has a duplicate: {', '.join(listed)}"
            return
    if not recipe.images:
        yield "'images' is empty; give at least one kind, as in [\"colour\"]"
    endings = keys.image_endings(recipe.images)
    for ending in set(endings.values()):
        same = [kind for kind in recipe.images if endings[kind] == ending]
        if len(same) > 1:
            yield f"'images' {' and '.join(same)} are both named NNN{ending}; use only one"
    if recipe.previews and "colour" not in endings and "albedo" not in endings:
        yield "'previews' are made from colour or albedo; add one of them to 'images'"


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
    """Depth beyond `depth.far` is stored as invalid, so `far` must be behind the object."""
    reach = REACH[recipe.subject.normalise] * recipe.subject.size
    if math.isinf(reach) or any(_cameras(recipe)):
        return  # the size of the object or the positions of the cameras are unknown
    behind = camera_layouts.farthest(recipe.camera, recipe.resolution, reach) + reach
    if recipe.depth.far < behind:
        yield (
            f"'depth.far' is {recipe.depth.far:g}, but the object may be up to {behind:.4g} from a "
            f"camera, where depth would be invalid; make it {math.ceil(100 * behind) / 100} or "
            "more, or use depth.mode per-view"
        )


def _splits(recipe: Recipe) -> Iterator[str]:
    asked = recipe.splits.counts(recipe.views)
    if recipe.splits.test == RING:
        yield from _ring(recipe, asked)
    elif any(asked) and sum(asked) != recipe.views:
        yield (
            f"'splits' are {' + '.join(map(str, asked))} = {sum(asked)} views, but "
            f"'views' is {recipe.views}; make them equal, or all splits 0"
        )


def _ring(recipe: Recipe, asked: tuple[int, int, int]) -> Iterator[str]:
    train, val, test = asked
    if not test:
        yield (
            f"'splits.test' is ring, but train and val are {train} + {val} of {recipe.views} "
            "'views', which leaves none for it; make 'views' larger"
        )
    if recipe.camera.layout in OWN_PLACES:
        yield (
            f"'splits.test' is ring, but layout '{recipe.camera.layout}' has places of its own for "
            "all views; make it their number, or use another layout"
        )


def _subject(recipe: Recipe) -> Iterator[str]:
    subject = recipe.subject
    if subject.size != 1.0 and (subject.normalise == "none" or recipe.product != "views"):
        what = "normalise none" if recipe.product == "views" else f"product {recipe.product}"
        yield f"'subject.size' has no effect with {what}; remove it"
    for name in subject.one_colour:
        if name not in formats.MODEL_SUFFIXES:
            yield f"'subject.one_colour' has an unknown format '{name}'" + nearest(
                name, formats.MODEL_SUFFIXES
            )


def _omage(recipe: Recipe) -> Iterator[str]:
    if recipe.product != "omage":
        return
    width, height = recipe.resolution
    small, charts, margin = recipe.omage.small, recipe.omage.charts, recipe.omage.margin
    if width != height or width % small or width > npz_files.LARGEST:
        yield (
            f"'resolution' is {width}x{height}; an object image must be square, at most "
            f"{npz_files.LARGEST} and a multiple of omage.small ({small})"
        )
    if recipe.samples != 1:
        yield f"'samples' is {recipe.samples}, allowed for product omage: 1 (the pixel's centre)"
    if margin * small < 1.0:
        yield (
            f"'omage.margin' is {margin:g}, allowed: at least 1 / omage.small ({1 / small:g}), so "
            "that charts do not touch in the reduced image"
        )
    elif charts > (room := int(0.5 / margin) ** 2):
        yield f"'omage.charts' is {charts}, allowed with omage.margin {margin:g}: at most {room}"
