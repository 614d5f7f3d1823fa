"""A reference: a file that a model names."""

from __future__ import annotations

import dataclasses
import os.path


@dataclasses.dataclass(frozen=True)
class Reference:
    """A name in a model, and the files that importers may resolve it to."""

    name: str
    """As written in the model."""
    paths: tuple[str, ...]
    """Absolute paths, one for each interpretation of the name; symlinks and ".." unresolved."""
    is_certain: bool = True
    """Whether it is certainly a reference; if not, it counts only if the file exists."""
    is_followed: bool = False
    """Whether the file is searched for further references."""


def readings(folder: str, *names: str) -> tuple[str, ...]:
    """The paths of `names` relative to `folder`, one for each possible interpretation.

    A backslash may be a separator or part of a name. A ".." may be removed textually, so that the
    folder before it need not exist, or resolved by the file system.
    """
    spelled = [variant for name in names for variant in (name, name.replace("\\", "/"))]
    paths = [os.path.join(folder, name) for name in spelled]  # noqa: PTH118
    return tuple(dict.fromkeys([*paths, *map(os.path.normpath, paths)]))
