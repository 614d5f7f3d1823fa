"""What a child must be able to read to render an object."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from worker.contract.recipe import Recipe
from worker.sources.base import FetchedObject


class Needed(msgspec.Struct, frozen=True):
    """Folders that the child searches, and files that it reads."""

    folders: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them."""
        return (*self.folders, *self.files)


def of(fetched: FetchedObject, recipe: Recipe) -> Needed:
    """Of an object, or of the members of a range, with what the recipe names."""
    models = list(_models(fetched))
    named = of_recipe(recipe)
    return Needed(
        (*(model.root for model in models), *named.folders),
        (*(model.path for model in models), *named.files),
    )


def of_recipe(recipe: Recipe) -> Needed:
    """What every object of a recipe needs: its pictures for backgrounds and textures."""
    folders = (recipe.lights.environments, recipe.scenes.textures)
    files = (recipe.lights.environment,)
    return Needed(tuple(map(Path, filter(None, folders))), tuple(map(Path, filter(None, files))))


def _models(fetched: FetchedObject) -> Iterator[FetchedObject]:
    if fetched.ref.scenes is None:
        yield fetched
    for member in fetched.members:
        if isinstance(member, FetchedObject):
            yield member
