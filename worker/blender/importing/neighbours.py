"""Which files below an object's root belong to another model.

A root may hold many models: a folder that is rendered, a repository, an archive. A file that is
found by its name alone, such as "skin.png", may then be another model's. It is if a folder on the
way to it holds another model, anywhere below; or, for a folder above the model, directly.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Callable, Iterable, Optional, Set

from worker.contract.model_formats import MODEL_SUFFIXES

Parts = Callable[[], Iterable[str]]
"""Gives the absolute paths of files that a model is made of, such as the layers of a USD stage."""


class Neighbours:
    """Tells the files of other models from those of `model`, an absolute path."""

    def __init__(self, model: str, parts: Parts) -> None:
        self._model = PurePosixPath(model)
        self._name_parts = parts
        self._parts: Optional[Set[str]] = None

    def models(self, level: str, files: Iterable[str]) -> Models:
        """The other models among `files`, which are relative to the folder `level`."""
        return Models([file for file in files if self._is_other(f"{level}/{file}")])

    def owns(self, level: str, folder: str, file: str, models: Models, said: int) -> bool:
        """Whether `file`, relative to `level`, is another model's.

        level: a folder above `folder`, or the same, which has the file that names `file`.
        said: how many of the last parts of the path agree with the name as it is written. A name
        that includes the other model's folder means it.
        """
        if _is_model(file):  # a library or a layer
            return False
        parts = file.split("/")
        homes = (folder, str(self._model.parent))
        inside = 0  # how many of the folders are above the model, or its own
        while inside < len(parts) - 1 and any(
            _is_in(home, "/".join((level, *parts[: inside + 1]))) for home in homes
        ):
            inside += 1
        if inside == len(parts) - 1:
            below = "/".join(parts[:-1])
            here = f"{level}/{below}" if below else level
            return here not in homes and self._counts(level, models.directly(below))
        for count in range(len(parts) - 1, inside, -1):
            if self._counts(level, models.below("/".join(parts[:count]))):
                return said < len(parts) - count + 1
        return False

    def _is_other(self, path: str) -> bool:
        """Whether it is a model, and not this one in another format beside or elsewhere."""
        found = PurePosixPath(path)
        if not _is_model(path) or found == self._model:
            return False
        same = found.stem.casefold() == self._model.stem.casefold()
        return not same or found.suffix.lower() == self._model.suffix.lower()

    def _counts(self, level: str, found: Iterable[str]) -> bool:
        """Whether one of these models is no part of this one."""
        for each in found:
            if self._parts is None:
                self._parts = {os.path.realpath(path) for path in self._name_parts()}
            if os.path.realpath(f"{level}/{each}") not in self._parts:
                return True
        return False


class Models:
    """Models below a folder, by the folders that they are in."""

    def __init__(self, files: list[str]) -> None:
        self._files = files

    def directly(self, folder: str) -> Iterable[str]:
        """Those in the folder itself."""
        return (file for file in self._files if file.rpartition("/")[0] == folder)

    def below(self, folder: str) -> Iterable[str]:
        """Those anywhere below the folder."""
        return (file for file in self._files if file.startswith(f"{folder}/"))


def _is_model(path: str) -> bool:
    return PurePosixPath(path).suffix[1:].lower() in MODEL_SUFFIXES


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
