"""One file that a model names."""

from __future__ import annotations

import dataclasses
import os.path


@dataclasses.dataclass(frozen=True)
class Reference:
    """A name in a model and the files that importers may take it for."""

    name: str
    """As the model writes it."""
    paths: tuple[str, ...]
    """Absolute, one for each way to read the name; links and dots as they stand."""
    is_certain: bool = True
    """Whether it is a reference for sure; if not, it counts only where there is such a file."""
    is_followed: bool = False
    """Whether the file may have references of its own."""


def readings(folder: str, *names: str) -> tuple[str, ...]:
    """Paths of `names` from `folder`, in each way to read them.

    A backslash may be a separator or part of a name; ".." may be taken out before the folders
    that it leaves are looked at, which then need not be there.
    """
    spelled = [variant for name in names for variant in (name, name.replace("\\", "/"))]
    paths = [os.path.join(folder, name) for name in spelled]  # noqa: PTH118
    return tuple(dict.fromkeys([*paths, *map(os.path.normpath, paths)]))
