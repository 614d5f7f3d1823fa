"""Finding a file that a model names, anywhere in the object's own folder.

Authors' names hold folders of their own machines, backslashes, escapes and other cases. A name is
taken as it is written; else in another spelling; else without regard to case; else by the end of
its path, the longest that fits; at last by its base name alone.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Iterator, Optional
from urllib.parse import unquote

MOST_FILES = 20_000
"""Files of a folder that are looked through: below a larger one, names count as written."""
_SCHEME = re.compile(r"file:/{0,3}(?=[^/])|file://[^/]*(?=/)", re.IGNORECASE)


class FileIndex:
    """The files below `root` (absolute, links resolved); folders are looked through when needed."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self._below: dict[str, Optional[_Names]] = {}

    def find(self, name: str, folder: str) -> Optional[str]:
        """The file that `name`, written in a file of `folder`, means; absolute.

        None where there is none, or several that it may be. Of files that fit, those nearest to
        `folder` count: below it, else below its parent, and so on up to the root.
        """
        spelled = spellings(name)
        paths = [os.path.normpath(os.path.join(folder, each)) for each in spelled]  # noqa: PTH118
        for path in paths:
            if self._holds(path) and os.path.isfile(path):  # noqa: PTH113 - takes any name
                return path
        for level in self._levels(folder):
            names = self._names(level)
            if names is None:  # too large, and so is what it lies in
                return None
            found = names.fitting(spelled[-1], [os.path.relpath(path, level) for path in paths])
            if found:
                path = os.path.join(level, found[0])  # noqa: PTH118
                return path if len(found) == 1 and self._holds(path) else None
        return None

    def _levels(self, folder: str) -> Iterator[str]:
        while folder == self.root or folder.startswith(f"{self.root}/"):
            yield folder
            folder = os.path.dirname(folder)  # noqa: PTH120

    def _holds(self, path: str) -> bool:
        """Whether the path lies below the root, its links followed too: they may lead out."""
        inside = f"{self.root}/"
        return path.startswith(inside) and os.path.realpath(path).startswith(inside)

    def _names(self, level: str) -> Optional[_Names]:
        if level not in self._below:
            files = []
            for relative in _walk(level):
                files.append(relative)
                if len(files) > MOST_FILES:
                    break
            self._below[level] = None if len(files) > MOST_FILES else _Names(sorted(files))
        return self._below[level]


class _Names:
    """The files below one folder, by their paths relative to it."""

    def __init__(self, files: list[str]) -> None:
        self._by_path = _grouped((each.casefold(), each) for each in files)
        self._by_name = _grouped((each.casefold().rpartition("/")[2], each) for each in files)

    def fitting(self, name: str, paths: list[str]) -> list[str]:
        """Files that `name` may mean: one of `paths` but for case, else by its longest tail."""
        for path in paths:
            if same := self._by_path.get(path.casefold()):
                return same
        parts = [part for part in name.casefold().split("/") if part not in {"", ".", ".."}]
        candidates = self._by_name.get(parts[-1], []) if parts else []
        for count in range(len(parts), 0, -1):
            tail = "/" + "/".join(parts[-count:])
            if fit := [each for each in candidates if f"/{each.casefold()}".endswith(tail)]:
                return fit
        return []


def spellings(name: str) -> tuple[str, ...]:
    """Ways to read a name, the likeliest first; the last has slashes only and no scheme."""
    slashed = name.replace("\\", "/")
    plain = _SCHEME.sub("", slashed)
    found = dict.fromkeys([name, slashed, unquote(slashed), plain])
    found.pop(unquote(plain), None)
    return (*found, unquote(plain))


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
    """Whether the file is Git LFS's note of where the real one is kept."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(LFS_MARK)) == LFS_MARK
    except (OSError, ValueError):
        return False


LFS_MARK = b"version https://git-lfs.github.com/spec/"
