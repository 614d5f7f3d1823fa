"""What a child must be able to read to render an object."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from worker.contract.recipe import Recipe
from worker.presets.environment import PATHS
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
    """What every object of a recipe needs: the files and folders that it names."""
    settings = (getattr(getattr(recipe, section), key) for section, key in PATHS)
    named = [Path(each) for each in settings if each]
    folders = tuple(path for path in named if path.is_dir())
    return Needed(folders, tuple(path for path in named if path not in folders))


def _models(fetched: FetchedObject) -> Iterator[FetchedObject]:
    if fetched.ref.scenes is None:
        yield fetched
    for member in fetched.members:
        if isinstance(member, FetchedObject):
            yield member
