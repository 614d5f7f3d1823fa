"""A case: what is written, and what a user must get of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

UNIT = (1.0, 1.0, 1.0)
GREY = (231, 231, 231)
"""What has no colour, as 8-bit sRGB of Blender's linear 0.8."""
ALL = "all"
TWO, THREE = (1.0, 1 / 3, 1 / 3), (1.0, 0.2, 0.2)
"""Spans of two cubes at x = 0 and 2, of three at 0, 2 and 4."""
Files = Mapping[str, "str | bytes"]
RENDERED = "rendered"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 12345\n"
"""A Git LFS pointer."""


@dataclasses.dataclass(frozen=True)
class Case:
    """`files`: contents by name below the case's folder; empty where Blender writes it."""

    name: str
    files: Files = dataclasses.field(default_factory=dict)
    links: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Symlinks: what each points to, relative to its folder."""
    model: str = "model.obj"
    outcome: str = RENDERED
    """Or a failure code."""
    says: str = ""
    """Words of a failure's message."""
    spans: tuple[float, float, float] = UNIT
    """Sides of the box of all that is seen."""
    sides: object = ALL
    """The cube's own colours; one colour for all sides; or None: not looked at."""
    found: tuple[str, ...] = ()
    """Files found elsewhere than they were said to be, by their path in the case's folder."""
    missing: tuple[str, ...] = ()
    """Files that are named and that do not exist, each once."""
    undecodable: tuple[str, ...] = ()
    """Files that exist and that cannot be decoded."""
    lost: bool = False
    """Whether colours of the file are told to be lost."""
    unlike: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Blenders whose importer shows it otherwise, and why."""
    opaque: bool = False
    """Whether its clear materials were made opaque."""


def write(case: Case, folder: Path) -> None:
    """The files of a case that needs no Blender."""
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, target in case.links.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
