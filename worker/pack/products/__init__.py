"""What a zip holds, one file a product: the host's half of a recipe's `product`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final

from worker.contract.recipe import Recipe
from worker.pack.archive import Member
from worker.pack.products import omage, scenes, views
from worker.supervisor.result import RenderedObject

Members = Callable[[RenderedObject, Recipe, int], Generator[Member]]
"""The members of an object's zip, in order, encoded by so many threads. Raises: RenderFailed."""

PRODUCTS: Final[dict[str, Members]] = {
    "views": views.members,
    "omage": omage.members,
    "scenes": scenes.members,
}
