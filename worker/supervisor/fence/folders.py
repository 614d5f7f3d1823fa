"""Turns folders that a child may read into grants that contain nothing private."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from worker.supervisor.fence.secrets import resolved

MOST_ENTRIES: Final = 20_000
"""Entries of one folder that are granted one by one, as many as a search looks at."""


class Readable(msgspec.Struct, frozen=True):
    """Paths that may be read, and folders of which only the names may be."""

    read: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Private:
    """Files and folders that nothing readable contains."""

    def __init__(
        self, paths: Iterable[Path], is_home: Callable[[str], bool] = lambda _: False
    ) -> None:
        """`is_home`: whether a path is somebody's home, which has private contents."""
        self._is_home = is_home
        self._paths = {str(resolved(path)) for path in paths}
        self._above = {
            str(above) for path in self._paths for above in Path(path).parents
        } | self._paths  # fmt: skip

    def touches(self, folder: Path) -> bool:
        """Whether `folder` is private, or contains something private."""
        return str(resolved(folder)) in self._above

    def readable(self, paths: Iterable[Path]) -> Readable:
        """Grants for `paths`, each with what is below it.

        Of a folder that is private or contains something private, the names may be read and those
        entries that are neither hidden nor private. A model that lies in a home itself is such a
        case: it does not let its child read `.ssh`.
        """
        read: dict[str, None] = {}
        names: dict[str, None] = {}
        for path in map(str, map(resolved, paths)):
            if path in self._above or self._is_home(path):
                names[path] = None
                read |= dict.fromkeys(self._parts(path))
            else:
                read[path] = None
        return Readable(tuple(_outermost(read)), tuple(_outermost(names)))

    def _parts(self, folder: str) -> Iterator[str]:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in islice(entries, MOST_ENTRIES):
                if entry.name.startswith(".") or entry.path in self._paths or entry.is_symlink():
                    continue
                if entry.path in self._above:
                    yield from self._parts(entry.path)
                else:
                    yield entry.path


def _outermost(paths: Iterable[str]) -> Iterator[str]:
    """The paths that no other one of them contains."""
    kept = set(paths)
    for path in sorted(kept):
        if not any(str(above) in kept for above in Path(path).parents):
            yield path
