"""The command that renders an object of an output again."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Final

import msgspec

from worker import presets
from worker.contract.recipe import Recipe
from worker.core import gallery_keys
from worker.core.errors import WorkerError
from worker.manifests import OutputManifest
from worker.presets import environment
from worker.presets.describe import to_toml
from worker.presets.loader import names

CONTINUED: Final = " \\\n    "
"""Between the options of a command, each on a line of its own."""


class Again(msgspec.Struct, frozen=True):
    """How an output's objects are rendered again."""

    settings: tuple[tuple[str, str], ...]
    """The options that select the recipe, and their values."""
    toml: str
    """The complete recipe, as a preset file."""

    def command(self, uid: str) -> str:
        """The command for one object, quoted for a POSIX shell; INDEX is for the reader to fill."""
        options = (("--only", uid), *self.settings)
        words = ("render-worker run INDEX --output again", *map(shlex.join, options))
        return CONTINUED.join(words)


def again(manifest: OutputManifest, recipe: Recipe) -> Again:
    """How the objects of this output are rendered again.

    The preset is named, with a `--set` for each key that differs, if that gives the same recipe;
    else the preset is the file `gallery_keys.SITE_PRESET` of the site.
    """
    bare = _without_folders(recipe)
    settings = _named(manifest, recipe) or (("--preset", gallery_keys.SITE_PRESET),)
    return Again(settings, to_toml(bare))


def _named(manifest: OutputManifest, recipe: Recipe) -> tuple[tuple[str, str], ...] | None:
    if recipe.name not in names() or _paths(recipe):
        return None
    try:
        same = presets.digest(presets.load(recipe.name, recipe.overrides)) == manifest.preset
    except WorkerError:
        return None
    words = (("--preset", recipe.name), *(("--set", text) for text in recipe.overrides))
    return words if same else None


def _paths(recipe: Recipe) -> list[str]:
    """The files of this machine that a recipe names."""
    values = dataclasses.asdict(recipe)
    return [path for table, key in environment.PATHS if (path := values[table][key])]


def _without_folders(recipe: Recipe) -> Recipe:
    """The recipe with the last part of each path alone."""
    made = recipe
    for table, key in environment.PATHS:
        inner = getattr(made, table)
        path = getattr(inner, key)
        if path:
            name = path.rstrip("/").rpartition("/")[2]
            made = dataclasses.replace(made, **{table: dataclasses.replace(inner, **{key: name})})
    return made
