"""Rules about several settings of a recipe of product scenes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from worker.contract import texture_patterns
from worker.contract.recipe import Recipe
from worker.contract.texture_folder import listing

SILENT = (
    "images", "records", "previews", "camera", "lights", "depth", "normal", "splits",
    "mesh",
)  # fmt: skip
"""Keys that product scenes ignores."""


def rules(recipe: Recipe) -> Iterator[str]:
    """Yield each contradiction as a message without location that says what to do."""
    if recipe.product != "scenes":
        return
    scenes, default = recipe.scenes, Recipe()
    for name in SILENT:
        if getattr(recipe, name) != getattr(default, name):
            yield f"'{name}' has no effect with product scenes; remove it"
    if recipe.colour.background != default.colour.background or recipe.colour.exposure:
        yield (
            "'colour.background' and 'colour.exposure' have no effect with product scenes; "
            "remove them"
        )
    for name, listed in (("classes", scenes.classes), ("class_idxs", scenes.class_idxs)):
        if len(set(listed)) != len(listed):
            yield f"'scenes.{name}' has a duplicate"
    if scenes.texture:
        yield from _textures(recipe)


def _textures(recipe: Recipe) -> Iterator[str]:
    folder, needed = recipe.scenes.textures, recipe.scenes.objects + 1
    if not folder:
        found = texture_patterns.count()
    elif Path(folder).is_dir():
        found = len(listing(folder))
    else:
        yield f"'scenes.textures' is '{folder}', a folder that does not exist"
        return
    if found < needed:
        yield f"'scenes.textures' has {found} pictures, but objects and background need {needed}"
