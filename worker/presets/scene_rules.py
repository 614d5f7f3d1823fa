"""What no single key of product scenes can tell of its recipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from worker.contract import texture_patterns
from worker.contract.recipe import Recipe
from worker.contract.texture_folder import listing

SILENT = ("images", "records", "previews", "camera", "lights", "depth", "normal", "splits")
"""Keys that a scene has its own ways for."""


def rules(recipe: Recipe) -> Iterator[str]:
    """Contradictions, as clauses that say what to do."""
    if recipe.product != "scenes":
        return
    scenes, usual = recipe.scenes, Recipe()
    for name in SILENT:
        if getattr(recipe, name) != getattr(usual, name):
            yield f"'{name}' means nothing to product scenes; leave it out"
    if recipe.colour.background != usual.colour.background or recipe.colour.exposure:
        yield "'colour.background' and 'exposure' mean nothing to product scenes; leave them out"
    for name, listed in (("classes", scenes.classes), ("class_idxs", scenes.class_idxs)):
        if len(set(listed)) != len(listed):
            yield f"'scenes.{name}' names something twice"
    if scenes.texture:
        yield from _textures(recipe)


def _textures(recipe: Recipe) -> Iterator[str]:
    folder, needed = recipe.scenes.textures, recipe.scenes.objects + 1
    if not folder:
        found = texture_patterns.count()
    elif Path(folder).is_dir():
        found = len(listing(folder))
    else:
        yield f"'scenes.textures' is '{folder}', and there is no such folder"
        return
    if found < needed:
        yield f"'scenes.textures' has {found} pictures; objects and background take {needed}"
