"""Finds a file that a model names, anywhere in the object's own folder.

The names may contain folders of the author's machine, backslashes, URI escapes and wrong case.
They are resolved in this order: the exact name, other spellings of it, a match that ignores case,
the longest matching end of the path, and finally the base name. The last two steps leave out files
of other models; see `neighbours`.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Iterator, Optional
from urllib.parse import unquote

from worker.blender.importing.neighbours import Models, Neighbours, Parts
from worker.contract import git_lfs

MOST_FILES = 20_000
"""Most files in a folder that is searched. In a larger folder only exact paths are found."""
_SCHEME = re.compile(r"file:/{0,3}(?=[^/])|file://[^/]*(?=/)", re.IGNORECASE)


class FileIndex:
    """The files below `root` (absolute, links resolved); folders are listed on first use.

    `model` is the model's absolute path, and `parts` gives the files that it is made of.
    """

    def __init__(self, root: str, model: str, parts: Parts = tuple) -> None:
        self.root = root.rstrip("/")
        self.not_taken: dict[str, str] = {}
        """Names that were not found, because the file that fits is another model's; its path."""
        self._neighbours = Neighbours(model, parts)
        self._below: dict[str, Optional[_Names]] = {}

    def find(self, name: str, folder: str) -> Optional[str]:
        """The absolute path of the file that `name`, in a file of `folder`, refers to.

        The search covers the files below `folder`, then below its parent, and so on up to the
        root; the first level with a match decides. Returns None if no file or several match, or
        only files of other models.
        """
        spelled = (*spellings(name), *spellings(_as_windows_wrote(name)))
        paths = [os.path.normpath(os.path.join(folder, each)) for each in spelled]  # noqa: PTH118
        for path in paths:
            if self._holds(path) and os.path.isfile(path):  # noqa: PTH113 - takes any name
                return path
        for level in self._levels(folder):
            names = self._names(level)
            if names is None:  # too large, and so are all its parents
                return None
            relative = [os.path.relpath(path, level) for path in paths]
            for fitting, said in names.fitting(spelled[-1], relative):
                found = [
                    each
                    for each in fitting
                    if not self._neighbours.owns(level, folder, each, names.models, said)
                ]
                path = os.path.join(level, (found or fitting)[0])  # noqa: PTH118
                if found:
                    return path if len(found) == 1 and self._holds(path) else None
                if self._holds(path):
                    self.not_taken.setdefault(name, path)
        return None

    def _levels(self, folder: str) -> Iterator[str]:
        while folder == self.root or folder.startswith(f"{self.root}/"):
            yield folder
            folder = os.path.dirname(folder)  # noqa: PTH120

    def _holds(self, path: str) -> bool:
        """Whether the path is below the root, both as written and with symlinks resolved."""
        inside = f"{self.root}/"
        return path.startswith(inside) and os.path.realpath(path).startswith(inside)

    def _names(self, level: str) -> Optional[_Names]:
        if level not in self._below:
            files = []
            for relative in _walk(level):
                files.append(relative)
                if len(files) > MOST_FILES:
                    break
            files.sort()
            many = len(files) > MOST_FILES
            models = self._neighbours.models(level, () if many else files)
            self._below[level] = None if many else _Names(files, models)
        return self._below[level]


class _Names:
    """The files below one folder, indexed by relative path and by name, ignoring case."""

    def __init__(self, files: list[str], models: Models) -> None:
        self.models = models
        self._by_path = _grouped((folded(each), each) for each in files)
        self._by_name = _grouped((folded(each).rpartition("/")[2], each) for each in files)

    def fitting(self, name: str, paths: list[str]) -> Iterator[tuple[list[str], int]]:
        """Files that fit, the best first, each with the number of parts of its path that agree.

        These are the files that match one of `paths` if case is ignored, then those that match the
        longest tail of `name`, then shorter ones.
        """
        for path in paths:
            if same := self._by_path.get(folded(path)):
                yield same, len(path.split("/"))
        parts = _parts(name)
        candidates = self._by_name.get(parts[-1], []) if parts else []
        for count in range(len(parts), 0, -1):
            tail = "/" + "/".join(parts[-count:])
            if fit := [each for each in candidates if f"/{folded(each)}".endswith(tail)]:
                yield fit, count


def spellings(name: str) -> tuple[str, ...]:
    """Possible spellings of a name, most likely first.

    The last one has forward slashes only, no URI scheme and no URI escapes.
    """
    slashed = name.replace("\\", "/")
    plain = _SCHEME.sub("", slashed)
    found = dict.fromkeys([name, slashed, unquote(slashed), plain])
    found.pop(unquote(plain), None)
    return (*found, unquote(plain))


def may_be_same(name: str, other: str) -> bool:
    """Whether two names may mean the same file: one is an end of the other, ignoring case."""
    one, two = _parts(spellings(name)[-1]), _parts(spellings(other)[-1])
    count = min(len(one), len(two))
    return count > 0 and one[-count:] == two[-count:]


def _parts(name: str) -> list[str]:
    return [part for part in folded(name).split("/") if part not in {"", ".", ".."}]


def folded(name: str) -> str:
    """A name for comparison: without case, and with accents as one character each.

    A Mac stores "é" as "e" and an accent, others as one character.
    """
    return unicodedata.normalize("NFC", name.casefold())


def _as_windows_wrote(name: str) -> str:
    """A name whose bytes are not UTF-8, read in the code page of Western Windows."""
    raw = name.encode(errors="surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _walk(root: str) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        below = os.path.relpath(folder, root)
        for name in names:
            yield name if below == "." else f"{below}/{name}"


def _grouped(pairs: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


def is_lfs_pointer(path: str) -> bool:
    """Whether the file is a Git LFS pointer instead of the real content."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(git_lfs.MARK)) == git_lfs.MARK
    except (OSError, ValueError):
        return False
