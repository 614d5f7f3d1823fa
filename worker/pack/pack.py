"""Packs an object's raw files into one verified zip.

Members are written in an order fixed by the product, so the zip's bytes do not depend on the
number of threads.
"""

from __future__ import annotations

import contextlib
from pathlib import Path, PurePosixPath
from typing import Final

from worker.contract.recipe import Recipe
from worker.core import keys
from worker.pack import archive
from worker.pack.products import PRODUCTS
from worker.pack.result import PackedObject
from worker.supervisor.result import RenderedObject

THREADS: Final = 2


def pack(
    rendered: RenderedObject, recipe: Recipe, into: Path, *, threads: int = THREADS
) -> PackedObject:
    """Write the files of the recipe's product to ``<uid>.zip`` in the folder `into`.

    `threads` is the number of threads that encode images.

    Raises: RenderFailed, if Blender's files do not decode or do not match the recipe; NodeError,
    if the zip cannot be written.
    """
    answer, ref = rendered.answer, rendered.fetched.ref
    path = into / PurePosixPath(keys.render_zip(ref.uid)).name
    with contextlib.closing(PRODUCTS[recipe.product](rendered, recipe, threads)) as members:
        written = archive.write(path, ref.uid, members)
    return PackedObject(
        ref=ref,
        path=written.path,
        sha256=written.sha256,
        size=written.size,
        views=len(answer.views),
        runtime=answer.runtime,
        render_s=answer.render_s,
    )
