"""What the host asks of a child for one object."""

from __future__ import annotations

import functools
from typing import Any

from worker.contract import recipe as recipes
from worker.contract.protocol import Ready, RenderObject
from worker.contract.recipe import Recipe
from worker.core.errors import Unsupported
from worker.sources.base import FetchedObject
from worker.supervisor import scene_order
from worker.supervisor.runtime import COMPLETE, Runtime


def request_of(
    fetched: FetchedObject,
    recipe: Recipe,
    ready: Ready | None,
    runtime: Runtime,
    *,
    debug: bool,
) -> RenderObject:
    """The request to render `fetched`, without its `scratch`; see `protocol.RenderObject`.

    `ready` and `runtime` are the Blender that is asked. Raises: Unsupported, if it cannot.
    """
    if (recipe.product == scene_order.PRODUCT) != (fetched.ref.scenes is not None):
        raise Unsupported(
            f"{fetched.ref.file_identifier}: product '{recipe.product}' renders "
            f"{'no ranges' if fetched.ref.scenes else 'only ranges'} of scenes"
        )
    if fetched.ref.scenes is not None:
        return RenderObject(
            uid=fetched.ref.uid,
            root=str(fetched.root),
            model="",
            format="",
            scratch="",
            recipe=_plain(recipe),
            order=scene_order.of(fetched, fetched.ref.scenes, recipe.views),
            debug=debug,
        )
    format_ = scene_order.format_of(fetched)
    if ready is not None and format_ not in ready.formats:
        raise Unsupported(
            f"Blender {ready.blender} ({runtime.name}) cannot read '{format_}'; "
            f"it reads {', '.join(sorted(ready.formats))}; "
            f"{COMPLETE} reads every format the worker knows"
        )
    return RenderObject(
        uid=fetched.ref.uid,
        root=str(fetched.root),
        model=fetched.model,
        format=format_,
        scratch="",
        recipe=_plain(recipe),
        debug=debug,
    )


@functools.lru_cache(maxsize=8)
def _plain(recipe: Recipe) -> dict[str, Any]:
    """`recipes.to_dict`, made once for a run; only read."""
    return recipes.to_dict(recipe)
