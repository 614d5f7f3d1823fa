"""The interface of a view record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from worker.contract.protocol import View
from worker.contract.recipe import Recipe
from worker.pack.placement import Placement

Files = dict[str, bytes]
"""File contents by path relative to the object's folder."""
Facts = Mapping[str, Mapping[str, dict[str, Any]]]
"""View name to image kind to the facts about that image; see `ImageKind.facts`."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """An object's views, placement and facts: the input of a view record."""

    views: Sequence[View]
    placement: Placement
    facts: Facts
    coverage: Mapping[str, float]
    """By view's name: see `worker.pack.coverage`."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A view record: files for each view, files for the whole object, or both."""

    name: str
    """The name in a recipe's `records`."""
    of_view: Callable[[int, View, Placement], Files] | None = None
    """Makes the files of one view from its number, counted from 0, and the view."""
    of_all: Callable[[Taken, Recipe], Files] | None = None
    """Makes the files that describe all views."""
