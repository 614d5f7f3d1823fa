"""Finding a file that a model names, anywhere in the object's own folder.

Authors' names hold folders of their own machines, backslashes, escapes and other cases. A name is
taken as it is written; else in another spelling; else without regard to case; else by the end of
its path, the longest that fits exactly one file; at last by its base name alone.
"""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import Iterator, Optional
from urllib.parse import unquote

MOST_FILES = 20_000
"""Files of a folder that are looked through: below a larger one, names count as written."""
_SCHEME = re.compile(r"file:/{0,3}(?=[^/])|file://[^/]*(?=/)", re.IGNORECASE)


class FileIndex:
    """The files below `root` (absolute, links resolved), looked through when first asked for."""

    def __init__(self, root: str) -> None:
        self.root = root

    def find(self, name: str, folder: str) -> Optional[str]:
        """The file that `name`, written in a file of `folder`, means; absolute.

        None where there is none, or several that it may be.
        """
        for spelled in spellings(name):
            path = os.path.normpath(os.path.join(folder, spelled))  # noqa: PTH118
            if self._holds(path) and os.path.isfile(path):  # noqa: PTH113 - takes any name
                return path
        for spelled in spellings(name):
            path = os.path.normpath(os.path.join(folder, spelled))  # noqa: PTH118
            if self._holds(path):
                same = self._by_path.get(os.path.relpath(path, self.root).casefold(), ())
                if len(same) == 1:
                    return self._absolute(same[0])
        return self._by_tail(spellings(name)[-1])

    def _by_tail(self, name: str) -> Optional[str]:
        parts = [part for part in name.casefold().split("/") if part not in {"", ".", ".."}]
        if not parts:
            return None
        candidates = self._by_name.get(parts[-1], ())
        for count in range(len(parts), 0, -1):
            tail = "/" + "/".join(parts[-count:])
            fit = [each for each in candidates if f"/{each.casefold()}".endswith(tail)]
            if fit:
                return self._absolute(fit[0]) if len(fit) == 1 else None
        return None

    def _holds(self, path: str) -> bool:
        """Whether the path lies below the root, its links followed too: they may lead out."""
        inside = self.root.rstrip("/") + "/"
        return path.startswith(inside) and os.path.realpath(path).startswith(inside)

    def _absolute(self, relative: str) -> Optional[str]:
        path = os.path.join(self.root, relative)  # noqa: PTH118
        return path if self._holds(path) else None

    @functools.cached_property
    def _files(self) -> tuple[str, ...]:
        found = []
        for relative in _walk(self.root):
            found.append(relative)
            if len(found) > MOST_FILES:
                return ()
        return tuple(sorted(found))

    @functools.cached_property
    def _by_path(self) -> dict[str, list[str]]:
        return _grouped((each.casefold(), each) for each in self._files)

    @functools.cached_property
    def _by_name(self) -> dict[str, list[str]]:
        return _grouped((each.casefold().rpartition("/")[2], each) for each in self._files)


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
