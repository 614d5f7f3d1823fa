"""Products: what a zip contains, by a recipe's `product`. This is the host's half of each."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final

from worker.contract.recipe import Recipe
from worker.pack.archive import Member
from worker.pack.products import omage, scenes, views
from worker.pack.statistics import ObjectStatistics
from worker.supervisor.result import RenderedObject

Members = Callable[[RenderedObject, Recipe, int], Generator[Member, None, ObjectStatistics | None]]
"""The members of an object's zip, in order, encoded by so many threads.

Returns: the statistics of its views, where it has some. Raises: RenderFailed; Empty.
"""

PRODUCTS: Final[dict[str, Members]] = {
    "views": views.members,
    "omage": omage.members,
    "scenes": scenes.members,
}
