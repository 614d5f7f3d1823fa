"""Packs an object's raw files into one verified zip.

Members are written in an order fixed by the product, so the zip's bytes do not depend on the
number of threads.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from worker.contract.recipe import Recipe
from worker.core import keys
from worker.core.errors import RenderFailed
from worker.pack import archive, stack
from worker.pack.archive import Member
from worker.pack.products import PRODUCTS
from worker.pack.result import PackedObject
from worker.pack.statistics import ObjectStatistics
from worker.supervisor.result import RenderedObject

THREADS: Final = 2
THREADED: Final = stack.MOST_PIXELS
"""The pixels of a view from which on threads save time; below, they cost more than they save."""


class _Textures(msgspec.Struct, frozen=True):
    files: tuple[str, ...] = ()


class _Lacking(msgspec.Struct, frozen=True):
    """The child's names of files that the model names and that are not shown."""

    missing_files: tuple[str, ...] = ()
    undecodable_files: dict[str, str] = {}
    missing_textures: _Textures = _Textures()


def pack(rendered: RenderedObject, recipe: Recipe, into: Path, *, threads: int = 0) -> PackedObject:
    """Write the files of the recipe's product to ``<uid>.zip`` in the folder `into`.

    threads: that encode views; 0 to choose by the size of a view.

    Raises: Empty, when no view shows anything; RenderFailed, when what Blender left is not what it
    was asked for or does not decode; NodeError, when the zip cannot be written.
    """
    answer, ref = rendered.answer, rendered.fetched.ref
    lacking = _lacking(answer.scene)
    path = into / PurePosixPath(keys.render_zip(ref.uid)).name
    statistics: list[ObjectStatistics | None] = []
    threads = threads or (THREADS if math.prod(recipe.resolution) >= THREADED else 1)
    with contextlib.closing(PRODUCTS[recipe.product](rendered, recipe, threads)) as members:
        written = archive.write(path, ref.uid, _collecting(members, statistics))
    return PackedObject(
        ref=ref,
        path=written.path,
        sha256=written.sha256,
        size=written.size,
        views=len(answer.views),
        runtime=answer.runtime,
        render_s=answer.render_s,
        statistics=statistics[0],
        missing=len(lacking.missing_files),
        undecodable=len(lacking.undecodable_files),
        missing_textures=len(set(lacking.missing_textures.files)),
    )


def _collecting(
    members: Generator[Member, None, ObjectStatistics | None],
    statistics: list[ObjectStatistics | None],
) -> Iterator[Member]:
    """The members; at their end `statistics` has what the product returns."""
    statistics.append((yield from members))


def _lacking(scene: Mapping[str, Any]) -> _Lacking:
    """Raises: RenderFailed."""
    try:
        return msgspec.convert(scene, _Lacking)
    except msgspec.ValidationError as error:
        raise RenderFailed(f"the child's answer does not say what is missing: {error}") from error
